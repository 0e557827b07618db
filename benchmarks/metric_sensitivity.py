"""Which metric sees which distortion of Geant4 showers: writes docs/results/metric_sensitivity.md.

    python benchmarks/metric_sensitivity.py ild_photons_perpendicular.h5

Four disjoint samples of one file: reference, floor, training, and fresh showers, of which each
distortion spoils one thing. Fresh showers as they are stand beside: no metric may see them.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch
from scipy.stats import norm

from heitler.formats import create_showers, open_showers
from heitler.metrics import METRICS
from heitler.metrics.diversity import memorisation, similarity_of_samples, support_size
from heitler.observables import OBSERVABLES, high_level_features
from heitler.particles import IncidentParticles
from heitler.showers import Showers
from heitler.validation import Comparison, compare
from results import RESULTS, table, write_page

SIZE, SEED, CHANCE = 1500, 1, 0.01
DEAD_LAYER, MIP_REGION, COPIES, RARE = 10, 1.0, 10, 0.03
FRESH = "Geant4 again"

INTRODUCTION = """\
Largest excess of each metric over its floor, in standard deviations of both, over all observables
that it is applied to, all energies together, {size} showers in each sample. **Bold** is seen:
larger than chance gives in {chance:.0%} of entries with as many rows. "Geant4 again" are showers
that nothing was done to. Two-sample metrics come from `heitler.validation.compare` without
networks; the last four rows are functions of `heitler.metrics.diversity`."""

DISTORTIONS_TEXT = """\
Energy scale: all deposits 1 % larger. Dead layer: layer {layer} of 30 empty. MIP region:
deposits below {mip} MeV times a log-normal number of 10 %. Widening: 2 % of each deposit to the
cells beside it. Duplicates: {copies} copies each of a {copies}th of the showers. Memorised: the
training showers. Rare events: the {rare:.0%} deepest showers replaced by others. Other energies:
half of the showers carry the incident energy of another one."""


def _with(showers: Showers, grid: torch.Tensor) -> Showers:
    return Showers(
        showers.geometry.from_grid(grid).contiguous(), showers.particles, showers.detector
    )


def energy_scale(showers: Showers) -> Showers:
    """One per cent more."""
    return _with(showers, showers.grid * 1.01)


def dead_layer(showers: Showers) -> Showers:
    """A layer in the middle is empty."""
    grid = showers.grid.clone()
    grid[:, DEAD_LAYER] = 0.0
    return _with(showers, grid)


def smeared_mips(showers: Showers) -> Showers:
    """Small deposits are smeared by 10 %."""
    noise = torch.randn(showers.grid.shape, generator=torch.Generator().manual_seed(SEED))
    smeared = showers.grid * (0.1 * noise - 0.005).exp()
    return _with(showers, torch.where(showers.grid < MIP_REGION, smeared, showers.grid))


def widened(showers: Showers) -> Showers:
    """Two per cent of each deposit go to its four neighbours."""
    grid = showers.grid
    beside = sum(grid.roll(step, dims=axis) for step in (1, -1) for axis in (-1, -2)) / 4
    return _with(showers, 0.98 * grid + 0.02 * beside)


def duplicated(showers: Showers) -> Showers:
    """Few showers, many times."""
    return showers[torch.arange(len(showers)) % (len(showers) // COPIES)]


def without_rare_events(showers: Showers) -> Showers:
    """The deepest showers for their energy are replaced by others."""
    depth = OBSERVABLES["centre_z"](showers)
    about = depth - _line(showers.particles.energy.log(), depth)
    kept = torch.argsort(about)[: round((1 - RARE) * len(showers))]
    return showers[torch.cat([kept, kept[: len(showers) - len(kept)]])]


def other_energies(showers: Showers) -> Showers:
    """Every other shower carries the energy of the next such one."""
    order = torch.arange(len(showers))
    order[::2] = order[::2].roll(1)
    p = showers.particles
    particles = IncidentParticles(p.energy[order], p.pdg, p.direction, p.position)
    return Showers(showers.deposits, particles, showers.detector)


def _line(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The straight line through points, at their places."""
    return torch.from_numpy(np.polyval(np.polyfit(x.numpy(), y.numpy(), 1), x.numpy()))


DISTORTIONS: Mapping[str, Callable[[Showers], Showers]] = {
    "energy scale +1 %": energy_scale,
    "dead layer": dead_layer,
    "MIP region smeared": smeared_mips,
    "widening 2 %": widened,
    "duplicates": duplicated,
    "rare events dropped": without_rare_events,
    "other energies": other_energies,
}


def samples(path: Path) -> dict[str, Showers]:
    """All samples by name."""
    with open_showers(path) as reader:
        parts = [reader.read(i * SIZE, (i + 1) * SIZE) for i in range(4)]
    reference, floor, training, fresh = parts
    spoilt = {name: change(fresh) for name, change in DISTORTIONS.items()}
    return {
        "reference": reference,
        "floor": floor,
        FRESH: fresh,
        **spoilt,
        "training memorised": training,
        "training": training,
    }


def compared(every: Mapping[str, Showers], folder: Path) -> Comparison:
    """The comparison of all candidates with the reference."""
    with ExitStack() as stack:
        readers = {}
        for i, (name, showers) in enumerate(every.items()):
            if name == "training":
                continue
            path = folder / f"{i}.h5"
            with create_showers(path, showers.detector) as writer:
                writer.write(showers)
            readers[name] = stack.enter_context(open_showers(path))
        reference, floor = readers.pop("reference"), readers.pop("floor")
        return compare(reference, readers, floor=floor, energy_bins=1, neural=False, seed=SEED)


def excesses(comparison: Comparison) -> dict[str, dict[str, tuple[float, int]]]:
    """Largest excess and number of tries, by metric and candidate."""
    found: dict[str, dict[str, tuple[float, int]]] = {}
    for row in comparison.rows:
        line = found.setdefault(METRICS[row.metric].label, {})
        most, tries = line.get(row.candidate, (-np.inf, 0))
        line[row.candidate] = (max(most, row.excess), tries + 1)
    return found


def diversity(every: Mapping[str, Showers]) -> dict[str, dict[str, tuple[float, int]]]:
    """Deviations of the diversity metrics from the same of two samples of Geant4."""
    scale = _features(every["reference"])
    low, width = scale.mean(0), scale.std(0)
    features = {
        k: ((_features(s) - low) / np.where(width > 0, width, 1)) for k, s in every.items()
    }
    axes = np.linalg.svd(features["reference"], full_matrices=False)[2][:8]
    lean = {name: value @ axes.T for name, value in features.items()}
    edges = np.quantile(every["reference"].particles.energy.numpy(), np.linspace(0, 1, 11)[1:-1])
    out: dict[str, dict[str, tuple[float, int]]] = {
        name: {}
        for name in (
            "memorisation (nearest training shower)",
            "support size (birthday paradox)",
            "SSIM within the candidate",
            "SSIM across",
        )
    }
    first = every["reference"]
    base = {
        "memory": memorisation(lean["training"], lean["reference"], lean["floor"]).auc,
        "support": support_size(lean["reference"], lean["floor"], seed=SEED).candidate,
        "ssim": _similarity(first, every["floor"], edges),
    }
    for name in every:
        if name in {"reference", "floor", "training"}:
            continue
        memory = memorisation(lean["training"], lean[name], lean["floor"]).auc
        support = support_size(lean["reference"], lean[name], seed=SEED).candidate
        similar = _similarity(first, every[name], edges)
        pairs = (
            (memory, base["memory"]),
            (support, base["support"]),
            (similar.within_candidate, base["ssim"].within_candidate),
            (similar.across, base["ssim"].across),
        )
        for line, (value, floor) in zip(out.values(), pairs, strict=True):
            error = float(np.hypot(value.error, floor.error))
            line[name] = (abs(value.value - floor.value) / error, 1)
    return out


def _features(showers: Showers) -> np.ndarray:
    parts = [showers[i : i + 250] for i in range(0, len(showers), 250)]
    return np.concatenate(
        [
            high_level_features(
                part.particles.energy, {name: entry(part) for name, entry in OBSERVABLES.items()}
            ).numpy()
            for part in parts
        ]
    )


def _similarity(first: Showers, second: Showers, edges: np.ndarray):  # noqa: ANN202 (Similarity)
    grids = [torch.log1p(showers.grid * 10).float().numpy()[:, ::2] for showers in (first, second)]
    bins = tuple(np.digitize(s.particles.energy.numpy(), edges) for s in (first, second))
    return similarity_of_samples(*grids, bins=bins, seed=SEED, dimensions=2)


def cell(excess: float, tries: int) -> tuple[str, bool]:
    """An entry of the table, and whether the distortion is seen."""
    seen = excess > norm.isf(CHANCE / max(tries, 1))
    text = ">99" if excess > 99 else f"{excess:.1f}"
    return (f"**{text}**" if seen else text), bool(seen)


def main() -> None:
    """Measures and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("showers", type=Path, help="6,000 photons in ild_ecal")
    path = parser.parse_args().showers
    torch.set_num_threads(1)
    every = samples(path)
    with tempfile.TemporaryDirectory() as folder:
        found = excesses(compared(every, Path(folder)))
    found |= diversity(every)
    names = [FRESH, *DISTORTIONS, "training memorised"]
    rows, seen_by, sees = [], dict.fromkeys(names, 0), {}
    for label, line in found.items():
        entries = [cell(*line[name]) for name in names]
        for name, (_, seen) in zip(names, entries, strict=True):
            seen_by[name] += seen
        sees[label] = sum(seen for _, seen in entries[1:])
        rows.append([label, *(text for text, _ in entries)])
    rows.append(["metrics that see it", *(str(seen_by[name]) for name in names)])
    blind = [label for label, count in sees.items() if count == 0]
    few = [name for name in names[1:] if seen_by[name] < 2]
    verdict = (
        f"Seen by fewer than two metrics: {', '.join(few) or 'none'}. Metrics that see none of "
        f"these: {', '.join(blind) or 'none'}. Geant4 again is seen by {seen_by[FRESH]}."
    )
    content = {label: {k: list(v) for k, v in line.items()} for label, line in found.items()}
    (RESULTS / "metric_sensitivity.json").write_text(json.dumps(content, indent=1) + "\n")
    write_page(
        "metric_sensitivity",
        "What each metric sees",
        [
            INTRODUCTION.format(size=SIZE, chance=CHANCE),
            DISTORTIONS_TEXT.format(layer=DEAD_LAYER, mip=MIP_REGION, copies=COPIES, rare=RARE),
            table(("metric", *names), rows),
            verdict,
        ],
        [path],
    )
    print(verdict)


if __name__ == "__main__":
    main()
