"""Lists of what is kept, sixteen values at a time.

Processors with AVX-512 move the chosen lanes of a vector together in one step, which no loop over
single values comes near. LLVM makes plain steps of it elsewhere. Compilers do not find it in
loops, so it is asked for by name here.

Flags are bytes, 1 where a value is kept. Both readers and writers go on to the end of a block of
sixteen: lists need room for that, and flags behind the last value must be 0 (`close`).
"""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from heitler.kernels.numbers import jit, place

__all__ = ["LANES", "close", "kept", "pack"]

LANES = 16
"""Values of a block."""


def pack(values, flags, first, target, got):
    """Writes those of the values from `first` on whose flags are 1 to `target` from `got` on."""
    raise NotImplementedError


def kept(flags, first):
    """How many of the flags from `first` on are 1."""
    raise NotImplementedError


with suppress(ImportError):
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic

    _VALUES, _FLAGS = (ir.VectorType(ir.IntType(bits), LANES) for bits in (32, 8))
    _MASK = ir.VectorType(ir.IntType(1), LANES)

    def _block(context, builder, kind, array, first, vector):
        """Where sixteen elements of an array begin."""
        data = context.make_array(kind)(context, builder, array).data
        return builder.bitcast(builder.gep(data, [first]), vector.as_pointer())

    def _mask(context, builder, kind, flags, first):
        block = builder.load(_block(context, builder, kind, flags, first, _FLAGS), align=1)
        return builder.icmp_unsigned("!=", block, ir.Constant(_FLAGS, None))

    @intrinsic
    def pack(typing, values, flags, first, target, got):  # noqa: ARG001, D103
        def build(context, builder, signature, arguments):
            kinds = signature.args
            mask = _mask(context, builder, kinds[1], arguments[1], arguments[2])
            source = _block(context, builder, kinds[0], arguments[0], arguments[2], _VALUES)
            goal = _block(context, builder, kinds[3], arguments[3], arguments[4], _VALUES)
            compress = cgutils.get_or_insert_function(
                builder.module,
                ir.FunctionType(_VALUES, [_VALUES, _MASK, _VALUES]),
                f"llvm.experimental.vector.compress.v{LANES}i32",
            )
            lanes = [builder.load(source, align=4), mask, ir.Constant(_VALUES, ir.Undefined)]
            builder.store(builder.call(compress, lanes), goal, align=4)
            return context.get_dummy_value()

        return types.void(values, flags, types.uint64, target, types.uint64), build

    @intrinsic
    def kept(typing, flags, first):  # noqa: ARG001, D103
        def build(context, builder, signature, arguments):
            mask = _mask(context, builder, signature.args[0], arguments[0], arguments[1])
            number = builder.ctpop(builder.bitcast(mask, ir.IntType(LANES)))
            return builder.zext(number, ir.IntType(64))

        return types.uint64(flags, types.uint64), build


@jit
def close(flags, size):
    """Keeps nothing of the last block behind the first `size` values."""
    for i in range(size, size + place(LANES)):
        flags[i] = np.uint8(0)
