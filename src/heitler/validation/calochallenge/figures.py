"""The histograms of the suite as figures of the report."""

from __future__ import annotations

from collections.abc import Sequence

from heitler.validation.calochallenge.result import FLOOR, Result
from heitler.validation.calochallenge.scores import Score
from heitler.validation.figures import Axis, Curve, Figure, Group

__all__ = ["histogram_groups", "identifier"]

_ENERGY = ("E total", "E total by energy")
_LENGTHS = {"centre": "centre of energy", "width": "width"}
_AXES = {
    **dict.fromkeys(_ENERGY, Axis("energy of all voxels / incident energy")),
    "E layer": Axis("energy of the layer", "MeV", log=True),
    "cell": Axis("energy of a voxel", "MeV", log=True),
    "sparsity": Axis("fraction of the layer's voxels without energy"),
}


def histogram_groups(results: Sequence[Result]) -> list[Group]:
    """A group for everything that is averaged together, with a figure of each histogram.

    Arguments:
        results: Those of `evaluate`; the floor, which has other samples, is not drawn.
    """
    candidates = [result for result in results if result.name != FLOOR]
    named = [result.by_name for result in candidates]
    shown = [key for key in named[0] if all(key in each for each in named)]
    return [
        Group(
            name=identifier(group),
            label=_label(group),
            text=_text(group),
            figures=tuple(
                _figure([each[key] for each in named], [result.name for result in candidates])
                for key in shown
                if key[0] == group
            ),
        )
        for group in dict.fromkeys(group for group, _ in shown)
    ]


def _figure(scores: Sequence[Score], names: Sequence[str]) -> Figure:
    group, histogram, edges = scores[0].group, scores[0].histogram, scores[0].edges
    what = "voxels" if group == "cell" else "showers"
    where = histogram if group in _ENERGY or not histogram else f"layer {histogram}"
    return Figure(
        name=identifier(f"{group} {histogram}".rstrip()),
        title=where or _label(group),
        caption=f"{_label(group)}{', ' if where else ''}{where}",
        x=_axis(group),
        y=Axis(f"fraction of {what}", log=group == "cell"),
        edges=edges,
        reference=_curve("reference", scores[0], 0),
        candidates=tuple(
            _curve(name, score, 1) for name, score in zip(names, scores, strict=True)
        ),
    )


def _curve(name: str, score: Score, sample: int) -> Curve:
    counts = score.counts[sample]
    return Curve.of_counts(name, counts[1:-1], float(counts.sum()) or None)


def _axis(group: str) -> Axis:
    return _AXES.get(group) or Axis(_label(group), "mm")


def _label(group: str) -> str:
    kind, _, axis = group.partition(" ")
    return f"{_LENGTHS[kind]} in {axis}" if kind in _LENGTHS else group


def _text(group: str) -> str:
    return "All showers." if group in {"E total", "cell"} else "One histogram for each."


def identifier(text: str) -> str:
    """A name as it may stand in an address."""
    return text.lower().replace(" ", "-").replace(".", "-")
