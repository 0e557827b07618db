"""The outcome of a comparison, as data: rows of values and floors, and what they were made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from heitler import __version__
from heitler.detectors import Detector
from heitler.metrics import METRICS, Estimate
from heitler.observables import OBSERVABLES
from heitler.validation.diagnosis.defect import Defect
from heitler.validation.few import Means
from heitler.validation.sample import FEATURES, LATERAL_FEATURES, Sample
from heitler.validation.selection import AngleBin, EnergyBin

__all__ = [
    "FEATURES",
    "LATERAL_FEATURES",
    "Betrayal",
    "Comparison",
    "Row",
    "SpeedRow",
    "Verdict",
    "verdict_of",
]

Verdict = Literal["floor", "above", "far"]
"""At the floor (within 2 standard deviations), above it (2 to 5), or far above it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of one observable in one bin of energy or angle, beside its floor.

    Arguments:
        candidate: Name of the candidate.
        observable: Name of the observable.
        metric: Name of the metric.
        over: Mean or largest value of an observable's components (layers, rings), "" of one
            that has none.
        energies: Label of the bin of incident energy or of the angle of incidence.
        size: Number of showers in each of the samples that were compared.
        value: Reference against candidate.
        floor: Reference against reference.
    """

    candidate: str
    observable: str
    metric: str
    over: Literal["", "mean", "largest"]
    energies: str
    size: int
    value: Estimate
    floor: Estimate

    @property
    def unit(self) -> str:
        """Unit of value and floor."""
        return OBSERVABLES[self.observable].unit if METRICS[self.metric].in_units else ""

    @property
    def excess(self) -> float:
        """How much worse than the floor, in standard deviations.

        A distance or an AUC (which counts as 0.5 where it is less) exceeds its floor by
        (value - floor) / sqrt(error_value^2 + error_floor^2); of a two-sided metric this counts
        without its sign. A ratio of two reference samples has the expectation 1, so its floor is
        this and not the one that came out: |value - 1| / error_value.
        """
        entry = METRICS[self.metric]
        if entry.kind == "summary":
            distance = abs(self.value.value - entry.ideal)
            error = self.value.error
        elif entry.two_sided:
            distance = abs(self.value.value - self.floor.value)
            error = float(np.hypot(self.value.error, self.floor.error))
        else:
            distance = max(self.value.value, entry.ideal) - max(self.floor.value, entry.ideal)
            error = float(np.hypot(self.value.error, self.floor.error))
        if error == 0.0:
            return 0.0 if distance == 0.0 else float(np.copysign(99.0, distance))
        return distance / error

    @property
    def verdict(self) -> Verdict:
        """Whether the candidate is at the floor, above it or far above it."""
        return verdict_of(self.excess)

    def facts(self) -> dict[str, Any]:
        """What a card says: what was compared, value and floor with their errors, verdict."""
        return {
            "candidate": self.candidate,
            "observable": self.observable,
            "metric": self.metric,
            "energies": self.energies,
            "value": self.value.value,
            "error": self.value.error,
            "floor": self.floor.value,
            "floor_error": self.floor.error,
            "verdict": self.verdict,
        }


def verdict_of(excess: float) -> Verdict:
    """The verdict on an excess in standard deviations."""
    if excess <= 2.0:
        return "floor"
    return "above" if excess <= 5.0 else "far"


@dataclass(frozen=True, slots=True)
class Betrayal:
    """A feature by which trees tell a candidate from the reference.

    Arguments:
        candidate: Name of the candidate.
        feature: Name of the column of the lateral features, such as "layer_width_x[3]".
        drop: How much the AUC of trees falls where its values are shuffled among showers.
    """

    candidate: str
    feature: str
    drop: float


@dataclass(frozen=True, slots=True)
class SpeedRow:
    """Time to generate, beside that of the full simulation.

    Arguments:
        candidate: Name of the candidate.
        device: Processor.
        batch: Showers per call.
        threads: Number of threads.
        milliseconds: Time per shower in ms.
        error: Its spread over repetitions in ms.
        cpu_milliseconds: CPU time per shower in ms, over all threads.
        warm_up: Time per shower of the first call in ms, which is not in the others.
        reference_milliseconds: CPU time of the full simulation per shower in ms; None
            if the reference does not say it.
    """

    candidate: str
    device: str
    batch: int
    threads: int
    milliseconds: float
    error: float
    cpu_milliseconds: float
    warm_up: float
    reference_milliseconds: float | None

    @property
    def label(self) -> str:
        """How it was measured, in words."""
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"batch {self.batch}, {self.device}, {threads}"

    @property
    def speed_up(self) -> float | None:
        """How many times less CPU time than the full simulation, whose time is CPU time too."""
        if self.reference_milliseconds is None:
            return None
        return self.reference_milliseconds / self.cpu_milliseconds


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Candidates beside a reference.

    Arguments:
        reference: The reference.
        candidates: The candidates.
        floor: The second sample of the reference; None where the reference was halved.
        detector: The detector, with the hit threshold that was used.
        energies: All energies, then the bins of incident energy.
        rows: All values and floors.
        size: Number of showers that were compared, overall.
        threshold: Energy in MeV up to which deposits were set to 0, None if all were kept.
        seed: Seed of all random choices.
        notes: Warnings.
        speed: Times per shower, where they were measured.
        angles: Bins of the angle of incidence, none where the reference's angles are alike.
        betrayals: The features that betray each candidate most, largest drop first.
        defects: What was looked at in each candidate in a physicist's words, found or not.
        means: Means of the observables where there are too few showers for rows, else none.
    """

    reference: Sample
    candidates: tuple[Sample, ...]
    floor: Sample | None
    detector: Detector
    energies: tuple[EnergyBin, ...]
    rows: tuple[Row, ...]
    size: int
    threshold: float | None
    seed: int
    notes: tuple[str, ...]
    speed: tuple[SpeedRow, ...] = ()
    angles: tuple[AngleBin, ...] = ()
    betrayals: tuple[Betrayal, ...] = ()
    defects: tuple[Defect, ...] = ()
    means: tuple[Means, ...] = ()

    @property
    def bins(self) -> tuple[EnergyBin | AngleBin, ...]:
        """All energies, the bins of energy, then those of the angle."""
        return (*self.energies, *self.angles)

    @property
    def rule(self) -> str:
        """How the floor was found, in words."""
        if self.means:
            return "There are too few showers for a floor."
        if self.floor is None:
            return (
                f"The reference was split into two disjoint halves. A value is the mean of the "
                f"metric between each half and the candidate, the floor the metric between the "
                f"halves, always with {self.size} showers against {self.size}."
            )
        return (
            f"The floor is the metric between the reference and a second, independent sample of "
            f"it, always with {self.size} showers against {self.size}."
        )

    def select(self, **fields: str) -> Iterator[Row]:
        """Rows whose fields (candidate, observable, metric, energies) are as given."""
        for row in self.rows:
            if all(getattr(row, field) == wanted for field, wanted in fields.items()):
                yield row

    def means_by_observable(self) -> Iterator[tuple[str, list[Means]]]:
        """Label with unit of each observable that has means, and these, candidate by candidate."""
        for name in dict.fromkeys(each.observable for each in self.means):
            entry = OBSERVABLES[name]
            label = f"{entry.label} [{entry.unit}]" if entry.unit else entry.label
            yield label, [each for each in self.means if each.observable == name]

    def to_json(self) -> str:
        """All numbers with what they were made of, as JSON."""
        samples = {"reference": self.reference, "floor": self.floor}
        content = {
            "heitler": __version__,
            "detector": self.detector.name,
            "hit_threshold_MeV": self.detector.hit_threshold,
            "threshold_MeV": self.threshold,
            "seed": self.seed,
            "rule": self.rule,
            "size": self.size,
            "notes": list(self.notes),
            **{key: _origin(sample) for key, sample in samples.items() if sample is not None},
            "candidates": {sample.name: _origin(sample) for sample in self.candidates},
            "rows": [
                {**asdict(row), "unit": row.unit, "excess": row.excess, "verdict": row.verdict}
                for row in self.rows
            ],
            "means": [
                {
                    **asdict(each),
                    "difference": asdict(each.difference),
                    "verdict": verdict_of(each.excess),
                }
                for each in self.means
            ],
            "defects": [
                {**asdict(each), "excess": each.excess, "found": each.found}
                for each in self.defects
            ],
            "betrayals": [asdict(each) for each in self.betrayals],
            "speed": [{**asdict(row), "speed_up": row.speed_up} for row in self.speed],
        }
        return json.dumps(content, indent=1, default=str, allow_nan=False)


def _origin(sample: Sample) -> dict[str, Any]:
    return {
        "file": sample.file,
        "sha256": sample.checksum,
        "showers": len(sample),
        "incident_energy_MeV": [float(sample.energy.min()), float(sample.energy.max())],
        "provenance": sample.provenance,
    }
