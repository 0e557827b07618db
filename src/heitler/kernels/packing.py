"""Lists of what is kept, sixteen values at a time.

Processors with AVX-512 move the chosen lanes of a vector together in one step, which no loop over
single values comes near. LLVM makes plain steps of it elsewhere. Compilers do not find it in
loops, so it is asked for by name here.

Flags are bytes, 1 where a value is kept. Lists that belong together (cells, layers, bins of hits)
are packed by the same flags. Both readers and writers go on to the end of a block of sixteen:
lists need room for that. Their elements have 32 bits.

Sums that belong together are added to side by side, four at a time, for the same reason.
"""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from heitler.kernels.numbers import jit, place

__all__ = ["LANES", "sift"]

LANES = 16
"""Values of a block."""


def pack(lists, flags, first, targets, got):
    """Writes what of the block at `first` is flagged to the targets from `got` on."""
    chosen = flags[first : first + LANES] != 0
    for values, target in zip(lists, targets, strict=True):
        some = values[first : first + LANES][chosen]
        target[got : got + len(some)] = some


def kept(flags, first):
    """How many of the block at `first` are flagged."""
    return np.count_nonzero(flags[first : first + LANES])


def add(sums, to, terms, first):
    """Adds the four terms from `first` on to the four sums from `to` on."""
    for k in range(4):
        sums[to + k] += terms[first + k]


with suppress(ImportError):
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic

    _VALUES, _FLAGS = (ir.VectorType(ir.IntType(bits), LANES) for bits in (32, 8))
    _MASK = ir.VectorType(ir.IntType(1), LANES)

    _FOUR = ir.VectorType(ir.FloatType(), 4)

    def _block(context, builder, kind, array, first, vector):
        """Where the elements of a vector begin in an array."""
        data = context.make_array(kind)(context, builder, array).data
        return builder.bitcast(builder.gep(data, [first]), vector.as_pointer())

    def _mask(context, builder, kind, flags, first):
        block = builder.load(_block(context, builder, kind, flags, first, _FLAGS), align=1)
        return builder.icmp_unsigned("!=", block, ir.Constant(_FLAGS, None))

    @intrinsic
    def pack(typing, lists, flags, first, targets, got):  # noqa: ARG001
        def build(context, builder, signature, arguments):
            sources, kind, _, goals, _ = signature.args
            values, bits, start, ends, end = arguments
            mask = _mask(context, builder, kind, bits, start)
            compress = cgutils.get_or_insert_function(
                builder.module,
                ir.FunctionType(_VALUES, [_VALUES, _MASK, _VALUES]),
                f"llvm.experimental.vector.compress.v{LANES}i32",
            )
            for k in range(len(sources)):
                array, target = builder.extract_value(values, k), builder.extract_value(ends, k)
                source = _block(context, builder, sources[k], array, start, _VALUES)
                goal = _block(context, builder, goals[k], target, end, _VALUES)
                block = builder.load(source, align=4)
                packed = builder.call(compress, [block, mask, ir.Constant(_VALUES, ir.Undefined)])
                builder.store(packed, goal, align=4)
            return context.get_dummy_value()

        return types.void(lists, flags, types.uint64, targets, types.uint64), build

    @intrinsic
    def kept(typing, flags, first):  # noqa: ARG001
        def build(context, builder, signature, arguments):
            mask = _mask(context, builder, signature.args[0], arguments[0], arguments[1])
            number = builder.ctpop(builder.bitcast(mask, ir.IntType(LANES)))
            return builder.zext(number, ir.IntType(64))

        return types.uint64(flags, types.uint64), build

    @intrinsic
    def add(typing, sums, to, terms, first):  # noqa: ARG001
        def build(context, builder, signature, arguments):
            goal, source = (
                _block(context, builder, signature.args[k], arguments[k], arguments[k + 1], _FOUR)
                for k in (0, 2)
            )
            total = builder.fadd(builder.load(goal, align=4), builder.load(source, align=4))
            builder.store(total, goal, align=4)
            return context.get_dummy_value()

        return types.void(sums, types.uint64, terms, types.uint64), build


@jit
def sift(lists, flags, first, stop, targets, got):
    """Adds what is flagged from `first` to `stop` to the targets from `got` on; where they end.

    Targets may be the lists themselves, from their beginning or behind their end.
    """
    for i in range(stop, stop + place(LANES)):
        flags[i] = np.uint8(0)
    for i in range(first, stop, place(LANES)):
        pack(lists, flags, i, targets, got)
        got += kept(flags, i)
    return got
