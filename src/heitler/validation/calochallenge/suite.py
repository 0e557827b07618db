"""The whole evaluation: every candidate beside its floor, as data and as files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heitler import __version__
from heitler.detectors import load_detector
from heitler.formats import ShowerReader, atomic_folder, open_showers, sha256
from heitler.metrics import Estimate, frechet_physics_distance, kernel_physics_distance
from heitler.validation.calochallenge.classifier import classifier_test
from heitler.validation.calochallenge.data_sets import DataSet, data_set_of
from heitler.validation.calochallenge.features import (
    Features,
    collect_features,
    low_level,
    normalised,
    voxel_counts,
)
from heitler.validation.calochallenge.page import render
from heitler.validation.calochallenge.result import FLOOR, Result
from heitler.validation.calochallenge.scores import (
    Score,
    averages,
    separations,
    voxel_edges,
    voxel_score,
)
from heitler.validation.report import check_output, names_of

__all__ = ["evaluate"]

_SMALLEST = 10_000  # showers, smallest batch of FPD and batch of KPD in the challenge
_THOUSAND = 1e3


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    features: Features
    voxels: NDArray[np.float64]  # counts (bins + 2,)
    edges: NDArray[np.float64]  # of these bins
    inputs: Mapping[str, NDArray[np.float64]]  # of the classifiers, if they are asked for

    def __len__(self) -> int:
        return len(self.features)


def evaluate(
    reference: Path | str,
    candidates: Sequence[Path | str],
    output: Path | str,
    *,
    floor: Path | str | None = None,
    detector: str | None = None,
    classifier: bool = False,
    published: Mapping[str, Mapping[str, float]] | None = None,
    seed: int = 1,
) -> list[Result]:
    """Evaluates files in the challenge's way and writes `report.html` and `metrics.json`.

    The first result is the floor: the reference against the file `floor`, or its showers of even
    number against those of odd number, which are half as many.

    Arguments:
        reference: Showers of Geant4.
        candidates: Showers to judge; their names are those of the files.
        output: Folder to write; it is there in full or not at all.
        floor: A second, independent sample of the reference.
        detector: Name of the detector, for files that do not say it.
        classifier: Whether to train the challenge's classifiers: hours on a CPU at full size.
        published: Published scores by name and column, to stand beside ours on the page.
        seed: Seed of all random choices.

    Raises:
        ImportError: jinja2 is not installed.
        ValueError: A file's detector is not one of the challenge, or another than the reference's.
        OSError: A file cannot be read or the folder not be written.
    """
    output = Path(output)
    check_output(output)
    known = None if detector is None else load_detector(detector)
    paths = {FLOOR: Path(floor)} if floor else {}
    paths |= dict(names_of([Path(path) for path in candidates]))
    with ExitStack() as stack:
        readers = {
            name: stack.enter_context(open_showers(path, detector=known))
            for name, path in ({"reference": Path(reference)} | paths).items()
        }
        results = _results(readers, classifier=classifier, seed=seed)
        name = readers["reference"].detector.name
    files = {Path(path).name: sha256(path) for path in (reference, *paths.values())}
    page = render(results, name, published or {}, files, seed)
    with atomic_folder(output) as folder:
        (folder / "report.html").write_text(page, encoding="utf-8")
        (folder / "metrics.json").write_text(_json(results, files, seed), encoding="utf-8")
    return results


def _results(readers: Mapping[str, ShowerReader], *, classifier: bool, seed: int) -> list[Result]:
    base = readers["reference"]
    data_set = data_set_of(base.detector)
    for reader in readers.values():
        if reader.detector != base.detector:
            names = f"{reader.detector.name}, the reference of {base.detector.name}"
            msg = f"{reader.path} holds showers of {names}; only the same voxels can be compared"
            raise ValueError(msg)
        if not len(reader):
            msg = f"{reader.path} holds no showers"
            raise ValueError(msg)
    features = collect_features(base, data_set)
    if features.largest <= data_set.threshold:
        msg = f"{base.path} has no voxel above the threshold of {data_set.threshold:.4g} MeV"
        raise ValueError(msg)
    edges = voxel_edges(features, data_set)
    counts = voxel_counts(base, data_set, edges)
    inputs = _inputs(base, data_set) if classifier else {}
    reference = _Sample(features, counts.sum(axis=0), edges, inputs)
    results = []
    if FLOOR not in readers:
        even, odd = (
            _Sample(features[n::2], counts[n], edges, {k: v[n::2] for k, v in inputs.items()})
            for n in (0, 1)
        )
        results.append(_result(FLOOR, even, odd, data_set, seed))
    for name, reader in readers.items():
        if name != "reference":
            sample = _Sample(
                collect_features(reader, data_set),
                voxel_counts(reader, data_set, edges).sum(axis=0),
                edges,
                _inputs(reader, data_set) if classifier else {},
            )
            results.append(_result(name, reference, sample, data_set, seed))
    return results


def _inputs(reader: ShowerReader, data_set: DataSet) -> dict[str, NDArray[np.float64]]:
    return {"low": low_level(reader, data_set), "norm": normalised(reader, data_set)}


def _result(
    name: str, reference: _Sample, candidate: _Sample, data_set: DataSet, seed: int
) -> Result:
    histograms = [
        *separations(reference.features, candidate.features, data_set),
        voxel_score(reference.voxels, candidate.voxels, reference.edges),
    ]
    scores = {
        f"sep {group}": Estimate(value, _error_of_mean(histograms, group))
        for group, value in averages(histograms).items()
    }
    first, second = reference.features.high_level, candidate.features.high_level
    scores |= _distances(first, second, seed)
    if candidate.inputs:
        pairs = {key: (reference.inputs[key], candidate.inputs[key]) for key in candidate.inputs}
        for key, pair in ({**pairs, "high": (first, second)}).items():
            scores[f"binary cls {key}"] = classifier_test(*pair, seed=seed).auc
    return Result(name, (len(reference), len(candidate)), tuple(histograms), scores)


def _error_of_mean(scores: Sequence[Score], group: str) -> float:
    """Layers fluctuate together, so the error of a mean is the mean of the errors."""
    return float(np.mean([s.published.error for s in scores if s.group == group and s.published]))


def _distances(
    first: NDArray[np.float64], second: NDArray[np.float64], seed: int
) -> dict[str, Estimate]:
    """FPD and KPD times 1000, with the challenge's batches where there are enough showers."""
    size = min(len(first), len(second))
    fpd = frechet_physics_distance(
        first, second, seed=seed, smallest=_SMALLEST if size > _SMALLEST else None
    )
    kpd = kernel_physics_distance(first, second, seed=seed, batch=min(size, _SMALLEST))
    return {
        key: Estimate(e.value * _THOUSAND, e.error * _THOUSAND)
        for key, e in (("FPD * 1e3", fpd), ("KPD * 1e3", kpd))
    }


def _json(results: Sequence[Result], files: Mapping[str, str], seed: int) -> str:
    def plain(estimate: Estimate | None) -> dict[str, float] | None:
        return None if estimate is None else {"value": estimate.value, "error": estimate.error}

    content: dict[str, Any] = {
        "heitler": __version__,
        "suite": "calochallenge",
        "seed": seed,
        "files_sha256": dict(files),
        "results": [
            {
                "name": result.name,
                "showers": list(result.sizes),
                "scores": {key: plain(score) for key, score in result.scores.items()},
                "separation_powers": [
                    {
                        "group": score.group,
                        "histogram": score.histogram,
                        "published_convention": plain(score.published),
                        "with_overflow": plain(score.complete),
                    }
                    for score in result.histograms
                ],
            }
            for result in results
        ],
    }
    return json.dumps(content, indent=1, allow_nan=False)
