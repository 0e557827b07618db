"""Compares showers with a reference: report.html and metrics.json.

    heitler validate geant4.h5 generated.h5 -o report/
    heitler validate geant4.h5 vae.h5 gan.h5 --floor geant4_again.h5 --threshold 0.1MeV -o report/
    heitler validate geant4.h5 generated.h5 -o report/ --figures paper/

What takes longer or needs more: networks on all cells, and whether training showers are learnt by
heart:

    heitler validate geant4.h5 generated.h5 --cells --training training.h5 -o report/

Every value is printed beside its floor, the same metric between two samples of the reference: of
its halves, or of the reference and the file that --floor names.

Files of histograms (numpy archives, such as those of CaloClouds3) can be compared as well:

    heitler validate Geant_4.npz CaloClouds3.npz -o report/

The evaluation of the CaloChallenge, with its own binning, beside published values:

    heitler validate geant4.h5 model.h5 --suite calochallenge --published results.csv -o scores/
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from heitler.cli.quantities import parse_energy

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    parser.add_argument("reference", type=Path, help="showers of the full simulation")
    parser.add_argument("candidates", type=Path, nargs="+", help="showers to compare with them")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the report")
    parser.add_argument("--floor", type=Path, help="a second, independent sample of the reference")
    parser.add_argument(
        "--training",
        type=Path,
        help="showers that the candidates were trained on: learnt by heart?",
    )
    parser.add_argument("--detector", help="name of the detector, if the files do not say it")
    parser.add_argument(
        "--threshold",
        type=parse_energy,
        help="set deposits up to this energy to 0 in all files, such as 0.1MeV",
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of random choices (default 1)")
    parser.add_argument(
        "--energy-bins", type=int, default=3, help="bins of incident energy (default 3)"
    )
    parser.add_argument(
        "--cells",
        action="store_true",
        help="networks and structural similarity judge all cells too: minutes",
    )
    parser.add_argument(
        "--no-networks",
        action="store_true",
        help="let trees judge alone: the neural classifiers take most of the time",
    )
    parser.add_argument(
        "--suite", choices=["calochallenge"], help="scores of a challenge instead of the report"
    )
    parser.add_argument(
        "--published", type=Path, metavar="CSV", help="published scores, for the suite's ranking"
    )
    parser.add_argument(
        "--classifier",
        action="store_true",
        help="train the suite's classifiers too: hours on a CPU for 100 000 showers",
    )
    parser.add_argument(
        "--figures", type=Path, help="folder for every figure as PDF and PNG, for a paper"
    )


def run(arguments: Namespace) -> int:
    """Writes the report and prints its table."""
    from heitler.formats import holds_histograms

    if arguments.suite:
        return _run_suite(arguments)
    if arguments.published or arguments.classifier:
        msg = "--published and --classifier go with --suite calochallenge"
        raise ValueError(msg)
    if holds_histograms(arguments.reference):
        return _run_binned(arguments)
    return _run_showers(arguments)


def _run_showers(arguments: Namespace) -> int:
    from heitler.data import resolve
    from heitler.validation import validate
    from heitler.validation.summary import table

    comparison = validate(
        resolve(arguments.reference),
        arguments.candidates,
        arguments.output,
        floor=arguments.floor,
        training=arguments.training,
        detector=arguments.detector,
        threshold=arguments.threshold,
        seed=arguments.seed,
        energy_bins=arguments.energy_bins,
        cells=arguments.cells,
        neural=not arguments.no_networks,
        figures=arguments.figures,
        progress=sys.stderr.isatty(),
    )
    for note in comparison.notes:
        print(f"note: {note}", file=sys.stderr)
    print("\n".join(table(comparison)))
    print(arguments.output / "report.html")
    return 0


def _run_binned(arguments: Namespace) -> int:
    from heitler.validation.binned import table, validate_histograms

    comparison = validate_histograms(arguments.reference, arguments.candidates, arguments.output)
    for note in comparison.notes:
        print(f"note: {note}", file=sys.stderr)
    print("\n".join(table(comparison)))
    print(arguments.output / "report.html")
    return 0


def _run_suite(arguments: Namespace) -> int:
    from heitler.data import resolve
    from heitler.validation.calochallenge import (
        evaluate,
        leaderboard,
        read_published,
        score_table,
    )

    published = {} if arguments.published is None else read_published(arguments.published)
    results = evaluate(
        resolve(arguments.reference),
        arguments.candidates,
        arguments.output,
        floor=arguments.floor,
        detector=arguments.detector,
        classifier=arguments.classifier,
        published=published,
        seed=arguments.seed,
    )
    print("\n".join(score_table(results)))
    if published:
        ours = {result.name: result.values for result in results}
        print("", *leaderboard(ours, published), sep="\n")
        print("note: published scores hold for the full samples of the challenge", file=sys.stderr)
    print(arguments.output / "report.html")
    return 0
