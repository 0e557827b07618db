"""The page of benchmarks/reconstruction.py: tables and curves from what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from heitler.metrics import (
    Estimate,
    kolmogorov_smirnov,
    largest_deviation,
    mean_ratio,
    width_ratio,
)
from heitler.performance import (
    Curve,
    angular_resolution,
    angular_response,
    fit_resolution,
    linearity,
    resolution,
)
from heitler.units import GeV
from results import table

if TYPE_CHECKING:
    from reconstruction import Sample

Array = NDArray[np.float64]

EDGES = [GeV * edge for edge in (10, 15, 20, 30, 40, 50, 60, 70, 80, 90, 100)]
ANGLES = [float(edge) for edge in range(30, 91, 10)]
LINEARITY_BAR = 0.01
STAGES = {"before": "deposits", "after": "reconstructed"}


def response_of(sample: Sample, stage: str) -> Array:
    """Visible energy before, reconstructed energy after, in MeV."""
    return sample.deposits["visible_energy"] if stage == "before" else sample.found["energy"]


def residual_of(sample: Sample, stage: str) -> Array:
    """Angle to the face in the plane of incidence less the true one, in degrees."""
    if stage == "before":
        return sample.deposits["axis_angle_residual"]
    found = {name: np.deg2rad(sample.found[name]) for name in ("theta", "azimuth", "true_azimuth")}
    lateral = np.cos(found["theta"]) * np.cos(found["azimuth"] - found["true_azimuth"])
    return np.rad2deg(np.arctan2(np.sin(found["theta"]), lateral)) - sample.found["true_theta"]


def _percent(value: float, error: float, digits: int = 2) -> str:
    return f"{100 * value:.{digits}f} ± {100 * error:.{digits}f}"


def _bins(edges: Sequence[float], unit: float) -> list[str]:
    return [f"{low / unit:g}-{high / unit:g}" for low, high in pairwise(edges)]


def _side_by_side(curves: dict[str, Curve], labels: list[str], head: str, scale: float) -> str:
    """A row for each bin, a column for each sample."""
    rows = [
        [
            label,
            *(f"{scale * c.value[i]:.2f} ± {scale * c.error[i]:.2f}" for c in curves.values()),
        ]
        for i, label in enumerate(labels)
    ]
    return table([head, *curves], rows)


def _worst(curve: Curve) -> Estimate:
    """The largest deviation from 1 with its error."""
    index = int(np.argmax(np.abs(curve.value - 1)))
    return Estimate(abs(float(curve.value[index] - 1)), float(curve.error[index]))


def linear_curves(samples: dict[str, Sample], stage: str) -> dict[str, Curve]:
    """Responses in bins of energy; before, relative to the mean of the reference's bins."""
    curves = {
        name: linearity(s.energy, response_of(s, stage), edges=EDGES)
        for name, s in samples.items()
    }
    scale = curves["Geant4"].value.mean() if stage == "before" else 1.0
    return {
        name: Curve(c.at, c.value / scale, c.error / scale, c.count) for name, c in curves.items()
    }


def _linearity(data: dict[str, Any]) -> list[str]:
    samples = data["samples"]
    after, before = (linear_curves(samples, stage) for stage in ("after", "before"))
    reference = samples["Geant4"]
    names = [name for name in reference.found if name.startswith("group_energy_")]
    groups = torch.from_numpy(np.stack([reference.found[name] for name in names], axis=1))
    linear = data["linear"].calibration.energy(groups).numpy()
    plain = linearity(reference.energy, linear, edges=EDGES)
    rows = []
    for name, curve in after.items():
        bar = (
            ("met" if _worst(curve).value <= LINEARITY_BAR else "**missed**")
            if (name in {"Geant4", "floor"})
            else ""
        )
        rows.append([name, f"{_percent(_worst(before[name]).value, _worst(before[name]).error)}",
                     f"{_percent(_worst(curve).value, _worst(curve).error)}", bar])  # fmt: skip
    head = ("sample", "deposits, %", "reconstructed, %", "bar 1 %")
    sentence = (
        "Largest deviation of mu90 of the response from 1 in a bin of energy (deposits: from the "
        "mean of Geant4's bins). With the two weights alone, without the correction, it is "
        f"{_percent(_worst(plain).value, _worst(plain).error)} % for Geant4."
    )
    return [
        sentence,
        table(head, rows),
        "mu90 of reconstructed over true energy, in %:",
        _side_by_side(after, _bins(EDGES, GeV), "GeV", 100.0),
    ]


def _resolution(samples: dict[str, Sample]) -> list[str]:
    parts = []
    fits = []
    for stage, label in STAGES.items():
        curves = {
            n: resolution(s.energy, response_of(s, stage), edges=EDGES) for n, s in samples.items()
        }
        for name, curve in curves.items():
            fit = fit_resolution(curve)
            terms = (fit.stochastic, fit.noise, fit.constant)
            fits.append(
                [name, label, *(_percent(t.value, t.error, 1) for t in terms),
                 f"{fit.chi2:.1f} / {fit.ndf}"]
            )  # fmt: skip
        parts += [
            f"sigma90 / mu90 in %, {label}:",
            _side_by_side(curves, _bins(EDGES, GeV), "GeV", 100.0),
        ]
    head = ("sample", "", "a, % sqrt(GeV)", "b, % GeV", "c, %", "chi2 / ndf")
    return [
        "sigma / E = a / sqrt(E) (+) b / E (+) c in quadrature, none of the terms below 0:",
        table(head, fits),
        *parts,
    ]


def _angles(samples: dict[str, Sample]) -> list[str]:
    parts = []
    for stage, label in (
        ("before", "principal axis of all deposits"),
        ("after", "core of the leading cluster"),
    ):
        for words, function in (
            ("sigma90 of the angle", angular_resolution),
            ("mu90 of the angle less the true one", angular_response),
        ):
            curves = {
                name: function(s.found["true_theta"], residual_of(s, stage), edges=ANGLES)
                for name, s in samples.items()
            }
            parts += [
                f"{words} in degrees, {label}:",
                _side_by_side(curves, _bins(ANGLES, 1.0), "angle to the face", 1.0),
            ]
    return parts


def _ratios(samples: dict[str, Sample]) -> list[str]:
    """Hits, energy and profile over those of Geant4."""
    reference = samples["Geant4"]
    rows = []
    for stage, label in STAGES.items():
        for name, other in samples.items():
            if name == "Geant4":
                continue
            pairs = [
                (response_of(s, stage) / s.energy, _hits(s, stage)) for s in (reference, other)
            ]
            layers = [
                s.deposits["layer_energy"] if stage == "before" else s.layers
                for s in (reference, other)
            ]
            energies, hits = zip(*pairs, strict=True)
            rows.append([
                name, label,
                str(mean_ratio(*energies)), str(width_ratio(*energies)),
                str(kolmogorov_smirnov(*energies)),
                str(mean_ratio(*hits)), str(width_ratio(*hits)),
                str(largest_deviation(*layers)),
            ])  # fmt: skip
    head = ("sample", "", "response", "its width", "its KS distance", "hits", "their width",
            "layer profile, largest deviation")  # fmt: skip
    return [table(head, rows)]


def _hits(sample: Sample, stage: str) -> Array:
    return sample.deposits["hits"] if stage == "before" else sample.found["clustered_hits"]


def _clusters(samples: dict[str, Sample]) -> str:
    rows = []
    for name, s in samples.items():
        share = s.found["leading_energy"] / s.found["visible_energy"]
        count = s.found["clusters"]
        rows.append([
            name, f"{count.mean():.3f} ± {count.std() / len(count) ** 0.5:.3f}",
            _percent(share.mean(), share.std() / len(share) ** 0.5),
            f"{s.milliseconds:.1f}", f"{s.found['hits'].mean():.0f}",
        ])  # fmt: skip
    head = ("sample", "clusters", "leading cluster's share of the energy, %",
            "CPU ms of the reconstruction", "hits")  # fmt: skip
    return table(head, rows)


def _numbers(data: dict[str, Any]) -> str:
    chain = data["chain"]
    peak, readout, clustering = data["mip"].position, chain.digitisation, chain.clustering
    weights = ", ".join(f"{weight:.1f}" for weight in chain.calibration.weights)
    return (
        f"{len(data['samples']['Geant4'].energy):,} showers in each sample, calibrated on "
        f"{data['calibrated_on']:,} others. A MIP is {readout.mip} MeV (the detector's file; the "
        f"peak of the cells of these showers is at {1e3 * peak.value:.1f} ± "
        f"{1e3 * peak.error:.1f} keV, shifted up by particles that cross at an angle), the "
        f"threshold {readout.threshold} MIPs, the noise {readout.noise} MIPs. "
        f"d_c = {clustering.critical_distance:.1f} mm, delta_c = delta_o = "
        f"{clustering.seed_distance:.1f} mm, rho_c = {clustering.seed_density:.1f} MeV. "
        f"Weights of the groups of layers: {weights}."
    )


def _curves(data: dict[str, Any], *, tilted: bool) -> dict[str, Any]:
    """All curves as numbers."""
    found: dict[str, Any] = {}
    for name, s in data["samples"].items():
        for stage, label in STAGES.items():
            curves = {
                "linearity": linear_curves(data["samples"], stage)[name],
                "resolution": resolution(s.energy, response_of(s, stage), edges=EDGES),
            }
            if tilted:
                theta, residual = s.found["true_theta"], residual_of(s, stage)
                curves["angular resolution"] = angular_resolution(theta, residual, edges=ANGLES)
            found[f"{name}, {label}"] = {
                key: {part: getattr(c, part).tolist() for part in ("at", "value", "error")}
                for key, c in curves.items()
            }
    return found


def body(found: dict[str, dict[str, Any]]) -> tuple[list[str], dict[str, Any]]:
    """The page's paragraphs, and its curves as numbers."""
    parts = [_INTRODUCTION]
    for name, data in found.items():
        samples = data["samples"]
        parts += [
            f"## Photons, {name}", _numbers(data),
            "### Clusters", _clusters(samples),
            "### Linearity", *_linearity(data),
            "### Resolution", *_resolution(samples),
            "### Over Geant4, before and after", *_ratios(samples),
        ]  # fmt: skip
        if name == "tilted":
            parts += ["### Direction", *_angles(samples)]
    curves = {name: _curves(data, tilted=name == "tilted") for name, data in found.items()}
    return [*parts, "## Limits", _LIMITS], curves


_INTRODUCTION = """\
Fast simulation is judged by what physics makes of it: showers of Geant4, of the packaged
compound-hit models and of GFLASH go through the same digitisation, clustering and calibration
(`heitler.reconstruction`), as in McKeown et al. 2023 (arXiv:2303.18150). "Deposits" are compared
before it, "reconstructed" is after it. The *floor* are as many further Geant4 showers, which the
models were trained on; candidates answer the particles of the floor. The calibration is fitted on
Geant4 showers that are in neither and is the same for all. mu90 and sigma90 are those of
`heitler.performance`; curves as numbers are in `docs/results/reconstruction.json`."""

_LIMITS = """\
- Particles enter at the centre of a cell, always the same: an axis of few cells is flattered by
  that, and less so one of a core of 10 mm, two cells. With particles anywhere the resolution of
  the angle will be somewhat larger.
- The largest of ten deviations is not 0 for a perfect calibration: see the floor. The errors are
  the convention of mu90; for normal values it scatters 1.5 times as much.
- The fit of the calibration was changed once after these held-out showers had been seen, from
  powers of ln S to powers of ln E_true (`heitler.reconstruction.calibration` says why): before,
  the lowest bins were up to 2.7 % high, for Geant4 1.4 %.
- With a mean response of 10 to 20 GeV known to half a per cent, tilted photons miss the bar of 1 %
  there, for which the calibration was not fitted by angle.
- The energy is the sum of all clusters of a shower: there is one particle in each.
- The direction is that of the axis alone, as for a photon whose origin is not known."""
