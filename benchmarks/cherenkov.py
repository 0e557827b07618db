"""What the Cherenkov detector can tell apart, and how fast: writes docs/results/rich.md.

    python benchmarks/cherenkov.py

Tracks are of the package's own gun, so there are no data to read. The figure goes beside the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter, process_time
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from heitler.simulators import LHCB, Radiator, RichSimulator, TrackGun
from heitler.tables import Table
from heitler.tracks import CHARGED, MASSES, Tracks
from heitler.units import GeV
from heitler.validation.style import figure_style, line_styles
from results import RESULTS, table, write_page

SEED = 1
MILLION = 1_000_000
SECONDS_BAR = 10.0
PER_POINT = 5000
BOTH = 3.2
"""A pseudorapidity that both radiators see."""

CROWD = 150
"""Tracks in the events of the figure."""

CUTS = (0.0, 5.0)
EDGES = (2, 5, 10, 15, 20, 30, 40, 50, 60, 80, 100)
PUBLISHED = (
    ("> 0", 97, 6, "LHCb's simulation: abstract of a status report, NIM A 2008", "yes"),
    ("> 0", 95, 10, "LHCb's data: Adinolfi et al. 2013", "no"),
    ("> 5", 85, 3, "LHCb's data: Adinolfi et al. 2013", "no"),
)
"""Cut, kaon efficiency and pion misidentification in per cent, source, whether it was at hand."""

_Array = NDArray[np.float64]


def beam(name: str, momentum: _Array, *, multiplicity: float = CROWD) -> Tracks:
    """Tracks of one type with these momenta in MeV, seen by both radiators."""
    ones = torch.ones(len(momentum), dtype=torch.float64)
    return Tracks(
        ones * CHARGED[name], torch.from_numpy(momentum), ones * BOTH, ones * multiplicity
    )


def moments(simulator: RichSimulator, name: str, momenta: _Array, crowd: float) -> _Array:
    """Mean and variance of the DLL(K - pi) at each momentum: (2, points)."""
    tracks = beam(name, np.repeat(momenta, PER_POINT), multiplicity=crowd)
    values = simulator.simulate(tracks, seed=SEED).column("dll_K").numpy()
    rows = values.reshape(len(momenta), PER_POINT)
    return np.stack([rows.mean(axis=1), rows.var(axis=1)])


def separation(simulator: RichSimulator, momenta: _Array, *, crowd: float = CROWD) -> _Array:
    """Difference of the mean DLL(K - pi) of kaons and pions over their root mean variance."""
    kaons, pions = (moments(simulator, name, momenta, crowd) for name in ("K", "pi"))
    spread = np.sqrt((kaons[1] + pions[1]) / 2)
    return np.divide(kaons[0] - pions[0], spread, out=np.zeros_like(spread), where=spread > 0)


def rings_only(radiator: Radiator, momenta: _Array) -> _Array:
    """Difference of the angles over the error of the mean angle, where kaons make light.

    Nothing but the formula: (theta_pi - theta_K) / (sigma / sqrt(N)), without background.
    """
    pion, kaon = (radiator.sine_squared(momenta, np.array(MASSES[n])) for n in ("pi", "K"))
    number = np.maximum(radiator.expected_photons(kaon), 1e-9)
    error = radiator.error(kaon, momenta) / np.sqrt(number)
    return np.where(number > 1, (np.arcsin(pion**0.5) - np.arcsin(kaon**0.5)) / error, np.nan)


@dataclass(frozen=True)
class Sample:
    """Kaons and pions of all momenta and directions, with their responses."""

    tracks: Tracks
    response: Table

    @classmethod
    def of(cls, simulator: RichSimulator, count: int = MILLION) -> Sample:
        """Tracks of the gun in the common acceptance, and what the detector says of them."""
        gun = TrackGun(
            (CHARGED["K"], CHARGED["pi"]), pseudorapidity=(2.0, 4.8), multiplicity=(50, 250)
        )
        blocks = [gun.shoot(block, 1000, seed=SEED) for block in range(count // 1000)]
        tracks = Tracks.concatenate(blocks)
        return cls(tracks, simulator.simulate(tracks, seed=SEED))

    def chosen(self, name: str, cut: float) -> tuple[_Array, NDArray[np.bool_]]:
        """Momenta in GeV of the particles of a type, and which have a DLL(K - pi) above a cut."""
        mask = self.tracks.pdg == CHARGED[name]
        values = self.response.column("dll_K")[mask]
        return (self.tracks.momentum[mask] / GeV).numpy(), (values > cut).numpy()

    def rate(self, name: str, cut: float, low: float, high: float) -> tuple[float, float]:
        """Share above a cut in a bin of momentum, and its error."""
        momentum, above = self.chosen(name, cut)
        inside = above[(momentum >= low) & (momentum < high)]
        share = float(inside.mean())
        return share, float((share * (1 - share) / len(inside)) ** 0.5)

    def average(self, name: str, cut: float, power: int, low: float) -> float:
        """Share in per cent from `low` to 100 GeV, flat in ln p (as drawn) or p (power 1)."""
        momentum, above = self.chosen(name, cut)
        weight = np.where(momentum >= low, momentum**power, 0.0)
        return 100 * float((above * weight).sum() / weight.sum())


def speed(simulator: RichSimulator) -> tuple[str, float]:
    """Time of a million tracks of all five types, over the whole range of the gun."""
    gun = TrackGun()
    tracks = Tracks.concatenate([gun.shoot(b, 1000, seed=SEED) for b in range(MILLION // 1000)])
    simulator.simulate(tracks[:10], seed=SEED)
    rows, best = [], float("inf")
    for run in range(3):
        start, busy = perf_counter(), process_time()
        simulator.simulate(tracks, seed=SEED + run)
        wall, cpu = perf_counter() - start, process_time() - busy
        rows.append([f"{run + 1}", f"{wall:.1f}", f"{cpu:.1f}"])
        best = min(best, wall)
    return table(["run", "wall seconds", "CPU seconds"], rows), best


def rates(sample: Sample) -> str:
    """Kaon efficiency and pion misidentification in bins of momentum."""
    rows = []
    for low, high in pairwise(EDGES):
        cells = [f"{low} to {high}"]
        for cut in CUTS:
            for name in ("K", "pi"):
                share, error = sample.rate(name, cut, low, high)
                cells.append(f"{100 * share:.1f} ± {100 * error:.1f}")
        rows.append(cells)
    head = ["GeV", *(f"{what}, DLL > {cut:g}" for cut in CUTS for what in ("K as K", "π as K"))]
    return table(head, rows)


def published(sample: Sample) -> str:
    """Averages over 2 to 100 GeV beside those that were published."""
    rows = []
    for cut in CUTS:
        for power, kind in enumerate(("flat in ln p", "flat in p")):
            for low in (2.0, 10.0):
                k, pi = (sample.average(name, cut, power, low) for name in ("K", "pi"))
                source = f"here, {low:g} to 100 GeV, {kind}"
                rows.append([f"> {cut:g}", f"{k:.1f}", f"{pi:.1f}", source, ""])
    rows += [[cut, f"{k}", f"{pi}", source, checked] for cut, k, pi, source, checked in PUBLISHED]
    head = ["DLL(K - π)", "K as K, %", "π as K, %", "source", "text was at hand"]
    return table(head, sorted(rows, key=lambda row: row[0]))


def thresholds() -> str:
    """Momenta above which particles make light, and the saturated rings."""
    rows = []
    for radiator in LHCB:
        saturated = np.array(1 - radiator.mean_index**-2)
        fast = np.array(80 * GeV)
        rows.append(
            [
                radiator.name,
                *(f"{radiator.threshold(m) / GeV:.2f}" for n, m in MASSES.items() if n != "e"),
                f"{1e3 * float(np.arcsin(saturated**0.5)):.1f}",
                f"{1e3 * float(radiator.chromatic_error(saturated)):.2f}",
                f"{1e3 * radiator.photon_error:.2f}",
                f"{1e3 * float(radiator.track_error(fast)):.2f}",
                f"{1e3 * float(radiator.error(saturated, fast)):.2f}",
                f"{radiator.light:g}",
            ]
        )
    head = (
        "", "μ, GeV", "π, GeV", "K, GeV", "p, GeV", "angle, mrad", "colour, mrad",
        "emission and pixel, mrad", "track, mrad", "all, mrad", "photons",
    )  # fmt: skip
    return table(head, rows)


def powers(momenta: _Array) -> dict[str, _Array]:
    """Separation of kaons and pions by each radiator and by both."""
    simulators = {radiator.name: RichSimulator([radiator]) for radiator in LHCB}
    simulators["both"] = RichSimulator()
    return {name: separation(simulator, momenta) for name, simulator in simulators.items()}


def crossing(momenta: _Array, curves: dict[str, _Array]) -> float:
    """Momentum in GeV above the kaons' threshold in CF4 from where on CF4 separates better."""
    difference = curves["CF4"] - curves["C4F10"]
    behind = (momenta > LHCB[1].threshold(MASSES["K"])) & (difference > 0)
    return float(momenta[behind][0] / GeV)


def crowded(momenta: _Array) -> str:
    """Separation at some momenta against the number of tracks in the event."""
    simulator = RichSimulator()
    rows = [
        [f"{crowd}", *(f"{value:.1f}" for value in separation(simulator, momenta, crowd=crowd))]
        for crowd in (20, 50, 100, 200, 400)
    ]
    return table(["tracks", *(f"{p / GeV:g} GeV" for p in momenta)], rows)


def draw(momenta: _Array, curves: dict[str, _Array], sample: Sample) -> Figure:
    """Angles, separation, efficiencies against momentum."""
    with figure_style():
        figure = Figure(figsize=(7.0, 8.6), layout="constrained")
        angles, power, efficiency = figure.subplots(3, 1, sharex=True)
        _angles(angles)
        _separations(power, momenta, curves)
        _efficiencies(efficiency, sample)
        efficiency.set_xlabel("momentum in GeV")
    return figure


def _angles(axes: Any) -> None:  # noqa: ANN401
    momentum = np.geomspace(2 * GeV, 100 * GeV, 500)
    for (colour, dash), radiator in zip(line_styles(2), LHCB, strict=True):
        for name, mass in MASSES.items():
            s = radiator.sine_squared(momentum, np.array(mass))
            angle = 1e3 * np.arcsin(np.where(s > 0, s, np.nan) ** 0.5)
            label = radiator.name if name == "e" else None
            axes.plot(momentum / GeV, angle, color=colour, linestyle=dash, label=label)
            place = int(np.nanargmax(angle > 0.62 * np.nanmax(angle)))
            if name not in {"e", "mu"}:
                sign = {"pi": "π"}.get(name, name)
                axes.annotate(sign, (momentum[place] / GeV, angle[place]), fontsize=9)
    axes.set(ylabel="Cherenkov angle in mrad", title="Rings of e, μ, π, K, p", xscale="log")
    axes.legend(loc="lower right")


def _separations(axes: Any, momenta: _Array, curves: dict[str, _Array]) -> None:  # noqa: ANN401
    for (colour, dash), (name, values) in zip(line_styles(3), curves.items(), strict=True):
        axes.plot(momenta / GeV, values, color=colour, linestyle=dash, label=name)
    for (colour, _), radiator in zip(line_styles(2), LHCB, strict=True):
        ideal = rings_only(radiator, momenta)
        axes.plot(momenta / GeV, ideal, color=colour, linewidth=0.8, alpha=0.6)
        for name, sign in (("pi", "π"), ("K", "K")):
            at = radiator.threshold(MASSES[name]) / GeV
            axes.axvline(at, color=colour, linewidth=0.6, linestyle=":")
            axes.annotate(f" {sign}", (at, 19), color=colour, fontsize=9, va="top")
    axes.axhline(3, color="#8c8c8c", linewidth=0.6)
    axes.set(ylabel="π/K separation in standard deviations", ylim=(0, 20))
    axes.set_title(f"Separation in events of {CROWD} tracks; thin: angles alone, no background")
    axes.legend(loc="upper right")


def _efficiencies(axes: Any, sample: Sample) -> None:  # noqa: ANN401
    edges = np.geomspace(2, 100, 41)
    centres = np.sqrt(edges[1:] * edges[:-1])
    styles = line_styles(2)
    for cut, dash in zip(CUTS, ("-", "--"), strict=True):
        for name, (colour, _), what in zip(("K", "pi"), styles, ("K as K", "π as K"), strict=True):
            momentum, above = sample.chosen(name, cut)
            inside, _ = np.histogram(momentum, edges)
            kept, _ = np.histogram(momentum[above], edges)
            label = f"{what}, DLL(K - π) > {cut:g}"
            axes.plot(centres, kept / inside, color=colour, linestyle=dash, label=label)
    axes.set(ylabel="share", ylim=(0, 1.02), title="Kaon efficiency and pion misidentification")
    axes.legend(loc="center")
    ticks = (2, 5, 10, 20, 50, 100)
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()


def main() -> None:
    """Times, simulates, draws, writes the page."""
    torch.set_num_threads(1)
    simulator = RichSimulator()
    timing, seconds = speed(simulator)
    momenta = np.geomspace(2 * GeV, 100 * GeV, 60)
    curves, sample = powers(momenta), Sample.of(simulator)
    figure, plain = draw(momenta, curves, sample), {"Date": None, "Creator": None}
    with figure_style():
        figure.savefig(RESULTS / "rich.svg", facecolor="white", metadata=plain)
    passed = "yes" if seconds < SECONDS_BAR else "no"
    text = [
        _INTRODUCTION,
        table(
            ["what", "bar", "here", "passed"],
            [
                [
                    "10⁶ tracks on one core, wall seconds",
                    f"{SECONDS_BAR:g}",
                    f"{seconds:.1f}",
                    passed,
                ]
            ],
        ),
        "![Angles, separation and efficiencies against momentum](rich.svg)",
        _FIGURE.format(crowd=CROWD, crossing=crossing(momenta, curves)),
        "## Radiators",
        _RADIATORS,
        thresholds(),
        "## Kaons and pions",
        _RATES,
        rates(sample),
        "Averages, beside published ones of the real detector for 2 to 100 GeV:",
        published(sample),
        _COMPARISON,
        "## Crowded events",
        f"Separation of kaons and pions in standard deviations; {PER_POINT:,} of each.",
        crowded(np.array([5.0, 12.0, 20.0, 40.0, 60.0, 80.0]) * GeV),
        "## Time",
        _TIME,
        timing,
    ]
    print(write_page("rich", "The Cherenkov detector: kaons, pions, and time", text, []))


_INTRODUCTION = f"""\
The ring-imaging Cherenkov detector of two gases ([theory](../theory/rich.md)): what it tells apart
at which momentum, and what it costs. The seed of all tracks and photons is {SEED}. There is no
full simulation of this detector to compare with: what is compared are thresholds, shapes and
published averages."""

_FIGURE = """\
Separation is the difference of the mean DLL(K - π) of kaons and pions over their root mean
variance, in events of {crowd} tracks, for tracks that both radiators see. It begins at the
threshold of pions (dotted lines: thresholds of pions and kaons in the colour of the radiator),
where kaons are dark. From {crossing:.0f} GeV on CF4 separates better than C4F10. Thin lines are
the difference of the two angles over the error of one photon times √N, above the threshold of
kaons and without background."""

_RADIATORS = """\
Thresholds, angle and errors of a particle at the speed of light; the error of the track is that of
80 GeV."""

_RATES = """\
Half a million of each, flat in ln p, pseudorapidity 2 to 4.8, 50 to 250 tracks in the event; per
cent."""

_COMPARISON = """\
Published averages are over the spectra of their samples, which are none of those here, with
aerogel as a third radiator. Misidentification is lower here above the threshold of kaons,
most at DLL > 5: in the real detector tracks are lost, decay, scatter and share rings, which makes
tails that this model does not have. Above 50 GeV its likelihoods seldom exceed 5. Below 2.6 GeV
nothing but electrons and muons makes light, so kaons and pions are the same."""

_TIME = """\
One million tracks of five types, all momenta and directions of the gun, up to 400 tracks in the
event, in memory and behind a first call, which compiles. Times on a machine that others share go
up and down; the bar is compared with the least wall time."""


if __name__ == "__main__":
    main()
