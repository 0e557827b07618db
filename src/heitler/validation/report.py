"""The report of a comparison: one HTML file that needs nothing else, and its numbers as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from heitler.detectors import load_detector
from heitler.formats import ShowerReader, open_showers
from heitler.formats.atomic import atomic_folder
from heitler.validation.compare import compare
from heitler.validation.comparison import Comparison, SpeedRow
from heitler.validation.figures.catalogue import figure_groups
from heitler.validation.page import render
from heitler.validation.plots import write_figures

__all__ = ["check_output", "names_of", "validate", "write_report"]


def validate(  # noqa: PLR0913 (the options of the verb)
    reference: Path | str,
    candidates: Sequence[Path | str],
    output: Path | str,
    *,
    floor: Path | str | None = None,
    training: Path | str | None = None,
    detector: str | None = None,
    threshold: float | None = None,
    seed: int = 1,
    energy_bins: int = 3,
    cells: bool = False,
    neural: bool = True,
    speed: Sequence[SpeedRow] = (),
    figures: Path | str | None = None,
    progress: bool = True,
) -> Comparison:
    """Compares files of showers and writes `report.html` and `metrics.json`.

    Arguments:
        reference: Showers of the full simulation.
        candidates: Showers to judge; their names in the report are those of the files.
        output: Folder to write; it is there in full or not at all.
        floor: A second, independent sample of the reference; without it the reference is halved.
        training: Showers that the candidates were trained on, to see whether they are learnt by
            heart.
        detector: Name of the detector, for files that do not say it.
        threshold: Energy in MeV up to which deposits are set to 0 in all samples, None for none.
        seed: Seed of all random choices.
        energy_bins: Number of bins of incident energy.
        cells: Whether networks judge all cells too, and structural similarity: minutes.
        neural: Whether networks judge beside the trees; they take most of the time.
        speed: Times per shower, to be shown beside the fidelity.
        figures: Folder for every figure as PDF and PNG, half a second each; None for none.
        progress: Whether to show bars on standard error.

    Raises:
        ValueError: The files cannot be compared; the message says why.
        OSError: A file cannot be read or the folder not be written.
    """
    output = Path(output)
    check_output(output)
    known = None if detector is None else load_detector(detector)
    with ExitStack() as stack:

        def reader(path: Path | str) -> ShowerReader:
            return stack.enter_context(open_showers(path, detector=known))

        comparison = compare(
            reader(reference),
            {name: reader(path) for name, path in names_of([Path(path) for path in candidates])},
            floor=None if floor is None else reader(floor),
            training=None if training is None else reader(training),
            energy_bins=energy_bins,
            threshold=threshold,
            cells=cells,
            neural=neural,
            seed=seed,
            progress=progress,
        )
    comparison = replace(comparison, speed=tuple(speed))
    write_report(comparison, output)
    if figures is not None:
        write_figures(figure_groups(comparison), Path(figures), progress=progress)
    return comparison


def write_report(comparison: Comparison, output: Path) -> None:
    """Writes `report.html` and `metrics.json` into the folder `output`, which it replaces.

    Raises:
        ImportError: jinja2 is not installed.
        OSError: The folder cannot be written.
    """
    page = render(comparison)
    check_output(output)
    with atomic_folder(output) as folder:
        (folder / "report.html").write_text(page, encoding="utf-8")
        (folder / "metrics.json").write_text(comparison.to_json(), encoding="utf-8")


def check_output(output: Path) -> None:
    """A folder is replaced as a whole: only one that holds a report and nothing else may be.

    Raises:
        ValueError: It holds something else.
    """
    ours = {"report.html", "metrics.json"}
    if output.is_dir() and (foreign := sorted({entry.name for entry in output.iterdir()} - ours)):
        msg = f"{output} holds other things ({foreign[0]}): give the name of a new folder"
        raise ValueError(msg)


def names_of(paths: Sequence[Path]) -> list[tuple[str, Path]]:
    """A name for each file: its stem, with its folder where stems repeat.

    Raises:
        ValueError: Names repeat nevertheless.
    """
    stems = [path.stem for path in paths]
    names = [
        path.stem if stems.count(path.stem) == 1 else f"{path.parent.name}/{path.stem}"
        for path in paths
    ]
    if len(set(names)) < len(names):
        msg = f"candidates need different names, got {', '.join(names)}"
        raise ValueError(msg)
    return list(zip(names, paths, strict=True))
