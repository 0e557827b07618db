"""Time trained models, with their fidelity beside the speed.

    heitler benchmark runs/vae --batch 1,100,1000 --threads 1
    heitler benchmark runs/vae runs/wgan_gp --reference geant4.h5
    heitler benchmark compound_hits_ild_ecal --reference geant4.h5

The clock runs from incident particles to deposits in MeV; the first call is shown by itself. The
speed-up is that over Geant4's CPU time per shower, which files of Geant4 showers carry. In the
same table stands how the model's showers compare with showers that training never saw: those
that the run kept apart, or those of --reference, which a packaged model needs: it keeps none.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of ``heitler benchmark``."""
    parser.add_argument(
        "models", nargs="+", metavar="RUN|MODEL", help="run directories and packaged models"
    )
    parser.add_argument("--batch", type=_batches, default=(1, 100, 1000), help="1,100,1000")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (default 1)")
    parser.add_argument("--reference", type=Path, help="showers that training never saw")
    parser.add_argument("--seed", type=int, default=1, help="seed of all showers (default 1)")


def run(arguments: Namespace) -> int:
    """Prints one table of speed and fidelity."""
    from heitler.simulators import machine
    from heitler.validation import assess, speed_table

    comparisons = [
        assess(
            model,
            reference=arguments.reference,
            batches=arguments.batch,
            threads=arguments.threads,
            seed=arguments.seed,
            progress=sys.stderr.isatty(),
        )
        for model in arguments.models
    ]
    print("\n".join(speed_table(comparisons)))
    print(f"\n{machine()['hardware']}; {comparisons[0].rule}")
    return 0


def _batches(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if not all(part.isdigit() and int(part) > 0 for part in parts):
        msg = f"expected numbers of showers such as 1,100,1000, got '{text}'"
        raise ArgumentTypeError(msg)
    return tuple(int(part) for part in parts)
