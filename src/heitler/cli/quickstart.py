"""Train, generate, validate and time the default model on packaged Geant4 showers.

    heitler quickstart
    heitler quickstart -o elsewhere/

Writes a run directory, the generated showers and report.html, and prints a summary that shows
speed-up and fidelity together. A run that was interrupted goes on; one that is complete is
compared and timed again.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from time import monotonic

__all__ = ["add_arguments", "run"]

_SHOWERS = 2000
_SEED = 1


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of ``heitler quickstart``."""
    parser.add_argument("-o", "--output", type=Path, default=Path("quickstart"), help="folder")


def run(arguments: Namespace) -> int:
    """Goes through all steps and prints the summary."""
    from heitler.simulators import NeuralSimulator, ParticleGun, generate
    from heitler.validation import assess, digest, write_report

    start, output = monotonic(), arguments.output
    folder, generated, floor = (
        output / name for name in ("compound_hits", "generated.h5", "geant4.h5")
    )
    trained = _train(folder)
    simulator = NeuralSimulator.load(folder)
    _say(f"generating {_SHOWERS} showers")
    gun = ParticleGun.within(simulator.detector, simulator.card.training_range)
    origin = simulator.provenance(folder)
    generate(
        simulator,
        gun,
        generated,
        number=_SHOWERS,
        seed=_SEED,
        provenance=origin,
        progress=sys.stderr.isatty(),
    )
    _say("comparing with Geant4, timing")
    _second_sample(floor)
    comparison = assess(
        folder,
        floor=floor,
        generated=generated,
        seed=_SEED,
        complete_card=True,
        progress=sys.stderr.isatty(),
    )
    _say("drawing the report")
    write_report(comparison, output / "report")
    for file in (output / "report").iterdir():
        file.replace(output / file.name)
    (output / "report").rmdir()
    print("\n".join(digest(comparison, simulator.card.name)))
    before = f"trained in {trained:.0f} s, " if trained else ""
    print(f"{before}this command in {monotonic() - start:.0f} s")
    print(output / "report.html")
    return 0


def _train(folder: Path) -> float | None:
    """Seconds that the training took, compilation included; None if it was done before."""
    import yaml

    from heitler.data import QUICKSTART
    from heitler.simulators.neural import CARD
    from heitler.training import train

    if (folder / CARD).exists():
        _say(f"{folder} is trained; delete it to train anew")
        return None
    _say(f"training {folder}")
    _say("the first run compiles the sampler, and correlations are fitted after the last epoch:")
    _say("neither moves the bar, each takes about half a minute")
    settings, start = yaml.safe_load(QUICKSTART.read_text()), monotonic()
    train(settings, folder, source=QUICKSTART.name, progress=sys.stderr.isatty())
    return monotonic() - start


def _second_sample(path: Path) -> None:
    """Geant4 showers for the floor: as many as are held out, from those of the training."""
    import yaml

    from heitler.data import QUICKSTART, resolve
    from heitler.formats import create_showers, open_showers
    from heitler.training import DataSettings, Split, read_rows

    data = DataSettings(**yaml.safe_load(QUICKSTART.read_text())["data"])
    with open_showers(resolve(data.file)) as reader:
        split = Split.of(len(reader), test=data.test, validation=data.validation)
        provenance = {**reader.provenance, "taken_from": "showers of the training"}
        with create_showers(path, reader.detector, provenance=provenance) as writer:
            for showers in read_rows(reader, split.train[: data.test]):
                writer.write(showers)


def _say(text: str) -> None:
    print(f"heitler quickstart: {text}", file=sys.stderr)
