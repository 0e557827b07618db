"""One HTML page from a comparison: template, style and scripts are beside this file.

The page carries the numbers of its figures and draws a figure when its group is opened, so that
hundreds cost neither time to write nor to load. It asks nothing of the network.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files

from heitler.metrics import METRICS
from heitler.observables import OBSERVABLES
from heitler.validation.comparison import Comparison, Row, Verdict, verdict_of
from heitler.validation.figures import Group
from heitler.validation.figures.catalogue import figure_groups
from heitler.validation.page.data import page_data
from heitler.validation.page.template import fill_in, style_and_scripts
from heitler.validation.summary import findings, overview

__all__ = ["render"]

_TEMPLATE = files("heitler.validation.page") / "report.html.j2"


@dataclass(frozen=True, slots=True)
class _Section:
    """A group of figures with the rows of its observable, if it has one."""

    group: Group
    axis: str | None
    rows: tuple[Row, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def count(self) -> int:
        """Number of figures inside."""
        return sum(1 for _ in self.group.every())


def render(comparison: Comparison) -> str:
    """The report as one HTML page without external resources.

    Raises:
        ImportError: jinja2 is not installed.
    """
    groups = figure_groups(comparison)
    sections = [_section(comparison, group) for group in groups]
    return fill_in(
        _TEMPLATE.read_text(encoding="utf-8"),
        comparison=comparison,
        candidates=[(sample, findings(comparison, sample)) for sample in comparison.candidates],
        overview=overview(comparison),
        means=list(comparison.means_by_observable()),
        verdict_of=verdict_of,
        map=[(section, _lights(comparison, section)) for section in sections if section.rows],
        sections=sections,
        figures=sum(section.count for section in sections),
        metrics=METRICS,
        origins=[s for s in (comparison.reference, comparison.floor, *comparison.candidates) if s],
        data=page_data(comparison, groups),
        **style_and_scripts(["showers"]),
    )


def _section(comparison: Comparison, group: Group) -> _Section:
    entry = OBSERVABLES.get(group.name)
    rows = tuple(
        row
        for row in comparison.select(observable=group.name)
        if METRICS[row.metric].kind in {"distribution", "spectrum"}
    )
    verdicts = tuple(
        verdict
        for sample in comparison.candidates
        if (verdict := _worst(row for row in rows if row.candidate == sample.name))
    )
    return _Section(group, None if entry is None else entry.axis, rows, verdicts)


def _lights(comparison: Comparison, section: _Section) -> list[list[Verdict | None]]:
    """The worst verdict of an observable in each bin, candidate by candidate."""
    return [
        [
            _worst(
                row
                for row in section.rows
                if (row.candidate, row.energies) == (sample.name, bin_.label)
            )
            for bin_ in comparison.bins
        ]
        for sample in comparison.candidates
    ]


def _worst(rows: Iterable[Row]) -> Verdict | None:
    worst = max(rows, key=lambda row: row.excess, default=None)
    return None if worst is None else worst.verdict
