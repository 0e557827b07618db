"""The page of the suite: ranking, scores beside their floor, and every histogram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files

from heitler.validation.calochallenge.figures import histogram_groups, identifier
from heitler.validation.calochallenge.leaderboard import standings
from heitler.validation.calochallenge.result import FLOOR, Result
from heitler.validation.page.data import as_script_data, figure_data
from heitler.validation.page.template import fill_in, style_and_scripts

__all__ = ["render"]

_TEMPLATE = files("heitler.validation.calochallenge") / "suite.html.j2"


def render(
    results: Sequence[Result],
    detector: str,
    published: Mapping[str, Mapping[str, float]],
    checksums: Mapping[str, str],
    seed: int,
) -> str:
    """The evaluation as one HTML page without external resources.

    Arguments:
        results: The floor, then the candidates.
        detector: Name of the data set's detector.
        published: Published scores by name and column; may be empty.
        checksums: SHA-256 of the files, by name.
        seed: Seed of all random choices.

    Raises:
        ImportError: jinja2 is not installed.
    """
    candidates = [result for result in results if result.name != FLOOR]
    ours = {result.name: result.values for result in candidates}
    columns, entries = standings(ours, published) if published else ([], [])
    groups = histogram_groups(results)
    named = [result.by_name for result in results]
    histograms = {
        group.name: [
            (f"{score.group} {score.histogram}".rstrip(), [each.get(key) for each in named])
            for key, score in named[-1].items()
            if identifier(score.group) == group.name
        ]
        for group in groups
    }
    data = {
        "samples": ["reference", *(result.name for result in candidates)],
        "figures": figure_data(groups),
    }
    return fill_in(
        _TEMPLATE.read_text(encoding="utf-8"),
        results=results,
        candidates=candidates,
        detector=detector,
        columns=columns,
        entries=entries,
        rows=[(key, [result.scores.get(key) for result in results]) for key in results[0].scores],
        groups=groups,
        histograms=histograms,
        files=checksums,
        seed=seed,
        data=as_script_data(data),
        **style_and_scripts(),
    )
