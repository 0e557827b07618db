"""The report of a comparison: one HTML file that needs nothing else, and its numbers as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from heitler import __version__
from heitler.detectors import load_detector
from heitler.formats import ShowerReader, open_showers
from heitler.formats.atomic import atomic_folder
from heitler.metrics import METRICS
from heitler.observables import OBSERVABLES
from heitler.validation import plots
from heitler.validation.compare import compare
from heitler.validation.comparison import Comparison, Row, SpeedRow, Verdict
from heitler.validation.sample import Sample
from heitler.validation.style import figure_style, to_svg
from heitler.validation.summary import findings, overview

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["check_output", "names_of", "validate", "write_report"]

_TEMPLATE = "templates/report.html.j2"


@dataclass(frozen=True, slots=True)
class _Picture:
    """A figure with its caption; the caption is its text alternative too."""

    svg: str
    caption: str


@dataclass(frozen=True, slots=True)
class _Section:
    """An observable: its figures over all energies and in bins, and its rows."""

    name: str
    label: str
    axis: str | None
    text: str
    overall: _Picture
    in_bins: _Picture | None
    rows: tuple[Row, ...]
    verdicts: tuple[Verdict, ...]


def validate(  # noqa: PLR0913 (the options of the verb)
    reference: Path | str,
    candidates: Sequence[Path | str],
    output: Path | str,
    *,
    floor: Path | str | None = None,
    detector: str | None = None,
    threshold: float | None = None,
    seed: int = 1,
    energy_bins: int = 3,
    speed: Sequence[SpeedRow] = (),
    progress: bool = True,
) -> Comparison:
    """Compares files of showers and writes `report.html` and `metrics.json`.

    Arguments:
        reference: Showers of the full simulation.
        candidates: Showers to judge; their names in the report are those of the files.
        output: Folder to write; it is there in full or not at all.
        floor: A second, independent sample of the reference; without it the reference is halved.
        detector: Name of the detector, for files that do not say it.
        threshold: Energy in MeV up to which deposits are set to 0 in all samples, None for none.
        seed: Seed of all random choices.
        energy_bins: Number of bins of incident energy.
        speed: Times per shower, to be shown beside the fidelity.
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
            energy_bins=energy_bins,
            threshold=threshold,
            seed=seed,
            progress=progress,
        )
    comparison = replace(comparison, speed=tuple(speed))
    write_report(comparison, output, progress=progress)
    return comparison


def write_report(comparison: Comparison, output: Path, *, progress: bool = False) -> None:
    """Writes `report.html` and `metrics.json` into the folder `output`, which it replaces.

    Raises:
        ImportError: matplotlib or jinja2 is not installed.
        OSError: The folder cannot be written.
    """
    page = render(comparison, progress=progress)
    check_output(output)
    with atomic_folder(output) as folder:
        (folder / "report.html").write_text(page, encoding="utf-8")
        (folder / "metrics.json").write_text(comparison.to_json(), encoding="utf-8")


def render(comparison: Comparison, *, progress: bool = False) -> str:
    """The report as one HTML page without external resources."""
    try:
        from jinja2 import Environment, StrictUndefined  # noqa: PLC0415
    except ImportError as error:
        msg = "the report needs jinja2: pip install 'heitler[validate]'"
        raise ImportError(msg) from error
    source = (files("heitler.validation") / _TEMPLATE).read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    with figure_style():
        sections = list(_sections(comparison, progress=progress))
        pictures = [
            _Picture(to_svg(plots.response_figure(comparison), "response"), _RESPONSE_CAPTION),
            _Picture(to_svg(plots.examples_figure(comparison), "examples"), _EXAMPLES_CAPTION),
        ]
    return environment.from_string(source).render(
        comparison=comparison,
        candidates=[(sample, findings(comparison, sample)) for sample in comparison.candidates],
        overview=overview(comparison),
        sections=sections,
        pictures=pictures,
        metrics=METRICS,
        origins=[s for s in (comparison.reference, comparison.floor, *comparison.candidates) if s],
        version=__version__,
    )


_RESPONSE_CAPTION = (
    "Linearity and resolution against incident energy: mean of visible over incident energy, and "
    "half of its central 68 % interval over its mean, with the ratio to the reference."
)
_EXAMPLES_CAPTION = (
    "Example showers of nearly equal incident energy, seen from the side: energy summed along one "
    "lateral direction, on one logarithmic colour scale that starts at the hit threshold."
)


def _sections(comparison: Comparison, *, progress: bool) -> Iterator[_Section]:
    names = tqdm(OBSERVABLES, desc="figures", disable=not progress)
    bins = comparison.energies[1:]
    for name in names:
        label = OBSERVABLES[name].label
        overall = plots.observable_figure(comparison, name, comparison.energies[:1])
        in_bins = plots.observable_figure(comparison, name, bins) if bins else None
        rows = tuple(
            row
            for row in comparison.select(observable=name)
            if METRICS[row.metric].kind in {"distribution", "spectrum"}
        )
        yield _Section(
            name=name,
            label=label,
            axis=OBSERVABLES[name].axis,
            text=(OBSERVABLES[name].function.__doc__ or "")
            .split("\n")[0]
            .split(", with shape")[0],
            overall=_picture(overall, name, f"{label}, all energies"),
            in_bins=None
            if in_bins is None
            else _picture(in_bins, f"{name}-bins", f"{label}, in bins of incident energy"),
            rows=rows,
            verdicts=tuple(_worst(rows, sample) for sample in comparison.candidates),
        )


def _worst(rows: Sequence[Row], sample: Sample) -> Verdict:
    return max(
        (row for row in rows if row.candidate == sample.name), key=lambda r: r.excess
    ).verdict


def _picture(figure: Figure, name: str, caption: str) -> _Picture:
    return _Picture(to_svg(figure, name.replace("_", "-")), caption)


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
