"""The page of benchmarks/fastcalogan.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from fastcalogan_figures import PARTICLES, of
from results import table

_STEEP = 0.8

WANTED = 300
"""Members of ATLAS: 100 slices in |eta| for photons, electrons and pions."""

Facts = Sequence[Mapping[str, Any]]


def body(facts: Facts, cost: Mapping[str, Any]) -> list[str]:
    """All sections of the page."""
    return [
        _INTRODUCTION.format(members=len(facts), showers=cost["showers"]),
        "## Over |eta|",
        _OVER_ETA,
        "![response and resolution over |eta|](fastcalogan-eta.svg)",
        _agreement(facts),
        "![chi2 and AUC over |eta|](fastcalogan-scores.svg)",
        "## The epoch that is kept",
        _epochs(facts),
        "![chi2 against epoch](fastcalogan-epochs.svg)",
        "## What it costs",
        _cost(facts, cost),
        "## Slice by slice",
        _SLICES,
        _slices(facts),
    ]


def _agreement(facts: Facts) -> str:
    """Means over all slices, and how far response and width are from Geant4's."""
    rows = []
    for pdg, name in PARTICLES.items():
        members = of(facts, pdg)
        chi2 = {key: mean(each["chi2"][key] for each in members) for key in ("bank", "floor")}
        judged = [each["auc"] for each in members if "auc" in each]
        auc = [mean(each[place][0] for each in judged) for place in (0, 1)]
        shifts = [
            [_pull(members, sample, place) for sample in ("bank", "floor")] for place in (0, 2)
        ]
        rows.append(
            [
                name,
                f"{chi2['bank']:.2f} ({chi2['floor']:.2f})",
                f"{auc[0]:.3f} ({auc[1]:.3f})",
                *(f"{bank:.2f} ({floor:.2f})" for bank, floor in shifts),
            ]
        )
    head = ["particles", "chi2 / ndf", "AUC", "mean of the response", "width of the response"]
    return f"{_AGREEMENT}\n\n{table(head, rows)}\n\n{_start(facts)}\n\n{_widths(facts)}"


def _start(facts: Facts) -> str:
    """How much better than the linear models the same members are."""
    judged = [each for each in facts if "start" in each and "auc" in each]
    return _START.format(
        number=len(judged),
        before=mean(each["start"][0][0] for each in judged),
        after=mean(each["auc"][0][0] for each in judged),
        floor=mean(each["auc"][1][0] for each in judged),
    )


def _widths(facts: Facts) -> str:
    """How wide the softest showers come out where most material is."""
    ratios = {
        name: mean(
            each["points"]["bank"]["256"][2] / each["points"]["Geant4"]["256"][2]
            for each in of(facts, pdg)
            if each["eta"][0] >= _STEEP
        )
        for pdg, name in PARTICLES.items()
    }
    words = " and ".join(f"{ratio:.2f} for {name}" for name, ratio in ratios.items())
    return _WIDTHS.format(words=words, steep=_STEEP)


def _pull(members: Facts, sample: str, place: int) -> float:
    """Root mean square of (sample - Geant4) / error, over slices and energies."""
    squares = []
    for each in members:
        for energy, real in each["points"]["Geant4"].items():
            other = each["points"][sample][energy]
            error = (real[place + 1] ** 2 + other[place + 1] ** 2) ** 0.5
            squares.append(((other[place] - real[place]) / error) ** 2)
    return mean(squares) ** 0.5


def _epochs(facts: Facts) -> str:
    chosen = [each["training"]["selected"]["adversarial"] for each in facts]
    last = [each["epochs"][-1][1] for each in facts]
    first = [each["epochs"][0][1] for each in facts]
    return _EPOCHS.format(
        chosen=mean(each["score"] for each in chosen),
        last=mean(last),
        first=mean(first),
        low=min(each["epoch"] for each in chosen),
        high=max(each["epoch"] for each in chosen),
    )


def _cost(facts: Facts, cost: Mapping[str, Any]) -> str:
    seconds = [each["training"]["seconds"] for each in facts]
    parameters = cost["parameters"] // len(facts)
    geant4 = cost["geant4"] * cost["showers"]
    return _COST.format(
        members=len(facts),
        mean=mean(seconds),
        low=min(seconds),
        high=max(seconds),
        total=sum(seconds) / 60,
        wanted=WANTED,
        planned=mean(seconds) * WANTED / 60,
        planned_geant4=geant4 / len(facts) * WANTED / 3600,
        geant4=geant4 / 60,
        per=1000 * cost["geant4"],
        parameters=parameters,
        weights=4e-6 * parameters * WANTED,
        milliseconds=cost["milliseconds"],
        wall=cost["wall"],
        speed_up=1000 * cost["geant4"] / cost["milliseconds"],
    )


def _slices(facts: Facts) -> str:
    rows = []
    for each in sorted(facts, key=lambda e: e["chi2"]["bank"]):
        chosen = each["training"]["selected"]["adversarial"]
        rows.append(
            [
                each["member"],
                f"{each['chi2']['bank']:.2f} ({each['chi2']['floor']:.2f})",
                _auc(each),
                f"{chosen['score']:.2f}",
                f"{chosen['epoch']}",
                f"{each['training']['seconds']:.0f}",
            ]
        )
    head = ["member", "chi2 / ndf", "AUC", "chi2 at choice", "epoch", "seconds"]
    return table(head, rows)


def _auc(each: Mapping[str, Any]) -> str:
    if "auc" not in each:
        return ""
    (auc, error), (floor, floor_error) = each["auc"]
    return f"{auc:.3f} ± {error:.3f} ({floor:.3f} ± {floor_error:.3f})"


_INTRODUCTION = """\
{members} Wasserstein GANs after ATLAS's FastCaloGAN (AtlFast3, arXiv:2109.02551), as one
simulator: photons and electrons in 24 slices of |eta| from 0 to 1.2, in 204 voxels about the
line of flight, trained over growing energies from 1 GeV outwards, with the weights of the
lowest chi2 of the visible energy. The [theory page](../theory/fastcalogan.md) says what differs
from ATLAS.

The showers are Geant4's, {showers:,} of 256 MeV to 4 GeV in powers of two, in the toy barrel
`barrel_ecal`: lead and liquid argon behind 10 cm of aluminium, of which a particle meets
cosh(|eta|) times as much as at |eta| = 0. Each member has 1440 of them, of which 840 train it,
300 choose its epoch, and 300 judge it below: these it has never seen. That is small: ATLAS has
10,000 for each of 15 energies. In brackets, everywhere, is Geant4 against Geant4: a second
sample of the same size against the same held-out showers, half of which or so the member was
trained on."""

_OVER_ETA = """\
Points are Geant4's held-out showers with their errors, lines the bank with ten times as many
showers. The aluminium takes more of the energy the flatter a particle comes, most of a soft
one's; each member knows its slice only, and the lines join them."""

_AGREEMENT = """\
Means over the slices of chi2 per degree of freedom of the visible energy (the mean over
energies) and of the AUC of boosted trees on high-level features, 300 showers against 300, of
the members that have one in the table below; then the root mean square, over slices and
energies, of the difference to Geant4 in units of its error (1 for equal distributions)."""

_START = """\
Training starts at a linear model of the showers. Of {number} members spread over |eta| the AUC is
{before:.3f} there, {after:.3f} behind the training, and {floor:.3f} for Geant4: what lies between
the first two is what the GAN has learned."""

_WIDTHS = """\
The largest defect that the figure shows is the width at 256 MeV where most aluminium is in the
way: from |eta| = {steep} on it is, on average over the slices, {words} of
Geant4's. There the visible energy has a shape of its own, which the members do not reach in the
1,248 updates that they have, of critic and generator together."""

_EPOCHS = """\
Chi2 of the visible energy against 300 validation showers, every fourth epoch: a grey line for
each member, a point where its weights were taken. The mean over members is {first:.2f} at the
first look, {last:.2f} in the last epoch and {chosen:.2f} at the chosen ones (epochs {low} to
{high}; counted from 0, of 96). Training starts at a linear model whose visible energy is right
already (`Resolution`), so chi2 hardly falls: it keeps a member from drifting away. The lowest
of many fluctuating numbers is lower than the truth; the chi2 of the table above, of other
showers, is the fair one. And it knows nothing of the shape of showers, so that an early epoch
may win while the critic still improves the cells."""

_COST = """\
One command on one core trained the {members} members beside other work on the machine. A
member took {mean:.1f} s ({low:.0f} to {high:.0f} s of wall time, by how much of a core was left
to it), all of them {total:.1f} min. {wanted} members, as many as ATLAS has (100 slices for
photons, electrons and pions), would take {planned:.0f} min on one core at this size; members
share nothing, so K workers (`--workers K`, or a Dask cluster with `--scheduler`) divide that by
K as long as each has a core. That is an extrapolation: {members} were trained, by one worker.

The showers cost more: {per:.1f} ms of CPU each by Geant4, {geant4:.0f} min together;
{planned_geant4:.1f} h for {wanted} members of the same size. At ATLAS's numbers of showers and
energies both grow by orders of magnitude; these minutes say nothing about that.

A member has {parameters:,} parameters with its critic; {wanted} of them are {weights:.0f} MB in
one file. It makes a shower in {milliseconds:.4f} ms of CPU (by the clock {wall:.4f} ms) in batches
of 100 on one thread: {speed_up:,.0f} times less CPU than Geant4 at these low energies, with the
chi2 and the AUC of the first table."""

_SLICES = """\
By chi2 on held-out showers; `chi2 at choice` is what the training chose by, on the validation
showers, with four showers of the member for each. `heitler inspect RUN` prints the ranking by
that."""
