"""The page of benchmarks/families.py from what its sections keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from families_scores import SEPARATED
from families_types import KNOWN
from results import table

Kept = Mapping[str, Any]


def body(kept: Kept) -> list[str]:
    """All sections of the page."""
    floor = kept["floor"]
    text = [_INTRODUCTION.format(**floor)]
    for title, words, columns in (
        ("The table of the talk", _TALK, _TALK_COLUMNS),
        ("Against classifiers, and the physics that they see", _PHYSICS, _PHYSICS_COLUMNS),
        ("Separation powers", _SEPARATION, _SEPARATION_COLUMNS),
        ("Diversity", _DIVERSITY, _DIVERSITY_COLUMNS),
    ):
        text += [f"## {title}", words, _table(kept, columns)]
    if "images" in kept:
        text += ["## Images", *_images(kept["images"])]
    if "regression" in kept:
        text += ["## From particle to reconstructed quantities", *_regression(kept["regression"])]
    if "types" in kept:
        text += ["## Photons and electrons", *_types(kept["types"])]
    return [*text, "## Families of other data", _ELSEWHERE, _origin(kept)]


def _origin(kept: Kept) -> str:
    """When and where the sections were made, which may be in several runs."""
    places: dict[str, list[str]] = {}
    for name, content in kept.items():
        made = content["made"]
        places.setdefault(f"{made['date']} on {made['hardware']}", []).append(name)
    return "Made " + "; ".join(f"{place}: {', '.join(names)}" for place, names in places.items())


_Column = tuple[str, Callable[[Kept, Kept], str]]
"""Its head, and its cell for the content of a family and the floor's."""


def score(name: str, digits: int = 3, factor: float = 1.0) -> Callable[[Kept, Kept], str]:
    """A score with its error, in bold within two standard deviations of the floor."""

    def cell(content: Kept, floor: Kept) -> str:
        value, error = content["scores"][name]
        if name == "support" and value < 0:
            return "none alike"
        text = f"{factor * value:.{digits}f} ± {factor * error:.{digits}f}"
        against, width = floor["scores"][name]
        near = abs(value - against) <= 2 * (error**2 + width**2) ** 0.5
        return f"**{text}**" if near and content is not floor else text

    return cell


def _fact(name: str, form: str) -> Callable[[Kept, Kept], str]:
    def cell(content: Kept, _: Kept) -> str:
        return form.format(content[name]) if name in content else ""

    return cell


def _milliseconds(batch: str) -> Callable[[Kept, Kept], str]:
    def cell(content: Kept, _: Kept) -> str:
        if "milliseconds" not in content:
            return ""
        value, error = content["milliseconds"][batch]
        return f"{value:.3f} ± {error:.3f}"

    return cell


def _speed_up(content: Kept, _: Kept) -> str:
    return f"{content['speed_up']['100']:,.0f}" if "speed_up" in content else "1"


_TALK_COLUMNS: Sequence[_Column] = (
    ("parameters", _fact("parameters", "{:,}")),
    ("training, s", _fact("training_seconds", "{:.0f}")),
    ("energy MAE, GeV", score("mae", 2)),
    ("Sinkhorn", score("sinkhorn")),
    ("FPD, 1e-3", score("fpd", 1, 1e3)),
    ("KPD, 1e-3", score("kpd", 2, 1e3)),
    ("ms, batch 1", _milliseconds("1")),
    ("ms, batch 100", _milliseconds("100")),
    ("speed-up", _speed_up),
)
_PHYSICS_COLUMNS: Sequence[_Column] = (
    ("AUC high", score("auc_high")),
    ("AUC lateral", score("auc_lateral")),
    ("AUC low", score("auc_low")),
    ("mean response", score("mean")),
    ("its width", score("width", 2)),
    ("profile, worst layer", score("profile")),
    ("W1", score("w1")),
)
_SEPARATION_COLUMNS: Sequence[_Column] = (
    *((label, score(f"separation {name}", 4)) for name, label in SEPARATED.items()),
    ("cell energies", score("separation cells", 5)),
)
_DIVERSITY_COLUMNS: Sequence[_Column] = (
    ("SSIM within", score("ssim")),
    ("SSIM across", score("ssim across")),
    ("support / Geant4's", score("support", 2)),
)


def _table(kept: Kept, columns: Sequence[_Column]) -> str:
    """Geant4 first, then GFLASH and the families."""
    floor = kept["floor"]
    names = {"floor": "Geant4 (floor)", "gflash": "GFLASH"}
    judged = columns is _PHYSICS_COLUMNS and "gflash" in kept
    head = ["", *(head for head, _ in columns), *(["beats GFLASH"] if judged else [])]
    rows = []
    for name, content in kept.items():
        if name in {"images", "regression", "types"}:
            continue
        cells = [cell(content, floor) for _, cell in columns]
        extra = [_beats(name, content, kept["gflash"])] if judged else []
        rows.append([names.get(name, name.replace("_", " ")), *cells, *extra])
    return table(head, rows)


def _beats(name: str, content: Kept, gflash: Kept) -> str:
    """Whether the AUC of the high-level features is lower by two standard deviations."""
    if name in {"floor", "gflash"}:
        return ""
    (value, error), (other, width) = (each["scores"]["auc_high"] for each in (content, gflash))
    apart = (other - value) / max((error**2 + width**2) ** 0.5, 1e-9)
    return "yes" if apart > 2 else "no" if apart < -2 else "even"


def _images(content: Kept) -> list[str]:
    rows = [["digits of the training (floor)", f"{content['floor']['frechet']:.2f}", ""]]
    refused = []
    for name, found in content["families"].items():
        if "refused" in found:
            refused.append(f"{name.replace('_', ' ')}: {found['refused']}")
            continue
        cells = [f"{found['frechet']:.2f}", f"{found['right']:.1%}"]
        rows.append([name.replace("_", " "), *cells])
    words = _IMAGES.format(right=f"{content['held out right']:.1%}", **content)
    text = [words, table(["", "Frechet distance", "right class"], rows)]
    return [*text, "Not trained on images: " + "; ".join(refused) + "."] if refused else text


def _regression(content: Kept) -> list[str]:
    def pair(entry: Sequence[float], digits: int = 3) -> str:
        return f"{entry[0]:.{digits}f} ± {entry[1]:.{digits}f}"

    columns = [
        [row["column"], *(pair(row[key]) for key in ("ks", "ks_floor", "w1", "w1_floor"))]
        for row in content["columns"]
    ]
    bins = [
        [row["bin"], *(pair(row[key]) for key in ("mean", "geant4_mean", "width", "geant4_width"))]
        for row in content["bins"]
    ]
    return [
        _REGRESSION.format(**content),
        table(["quantity", "KS", "floor", "W1 / spread", "floor"], columns),
        (
            f"Trees on all quantities and the particle: AUC {pair(content['auc'])}, "
            f"floor {pair(content['auc_floor'])}."
        ),
        table(("true energy, GeV", *_BIN_COLUMNS), bins),
    ]


_BIN_COLUMNS = ("mean of E / true E, %", "Geant4", "its width, %", "Geant4")


def _types(content: Kept) -> list[str]:
    """The family of several types: the tables again, and whether it knows the types."""
    facts, rows = content["data"], content["rows"]
    tables = [_table(rows, columns) for columns in (_TALK_COLUMNS, _PHYSICS_COLUMNS)]
    known = [
        [label, *(f"{value:.3f} ± {error:.3f}" for value, error in content["known"][name])]
        for name, label in KNOWN.items()
    ]
    head = ["AUC high", "Geant4 (floor)", "acgan"]
    return [
        _TYPES.format(**facts, test=rows["floor"]["showers"]),
        *tables,
        _KNOWN,
        table(head, known),
    ]


_ELSEWHERE = """\
Families that demand other data have pages of their own, each with its floor:
[3DGAN](threedgan.md) of electrons in `clic_ecal`, the [calorimeter GAN](calorimeter-gan.md) of
impact and momentum in `shashlik_ecal`, the [bank of small GANs](fastcalogan.md) over |eta|, the
[GANs of particle identification](pid-chain.md). All models that ship are in
[the zoo](model-zoo.md)."""

_INTRODUCTION = """\
Every family of `heitler.models` that has a configuration in the detector of the packaged photons
(10 to 100 GeV, 30 layers of 10 x 10 cells), trained on the same 3,700 showers of Geant4 and
compared with the same {showers:,} that none of them saw; beside them GFLASH, for which nothing is
trained but its mean response. Each candidate answers {showers:,} particles of the training, and
the *floor* is Geant4's own showers of these particles: what a perfect simulation would get. In
bold: within two standard deviations of the floor. One training each, so that two families are not
told apart by less than trainings with other seeds differ by; trainings have time limits, which a
slow machine reaches sooner."""

_TALK = """\
The columns of the comparison of VAE, WAE, Sinkhorn autoencoder and DCGAN that CERN openlab showed
in 2021, with floors. *Energy MAE*: mean absolute error of the incident energy that a regressor of
Geant4's showers sees in the candidate's (`heitler.reconstruction.ReferenceNetwork`), the test of
energy conditioning. *Sinkhorn*: debiased divergence of the 69 high-level features. *FPD*, *KPD*:
Frechet and kernel distances of the same, in place of the FID of images. Milliseconds per shower on
one thread, wall time; the speed-up is of CPU time at batch 100 against Geant4's recorded CPU
time."""

_PHYSICS = """\
*AUC high*: trees on the 69 high-level features. *AUC lateral*: the same with centre and width of
every layer. *AUC low*: a network on all cells, which needs more showers than these to see as much.
Mean and width of the response (visible over incident energy) are ratios to Geant4's. *Profile*:
largest deviation of a layer that holds more than 2 % of the energy. *W1*: mean Wasserstein
distance of seven observables in units of Geant4's spread. A family *beats GFLASH* where its AUC
high is lower by more than two standard deviations.

Adversarial families begin at a linear model of the showers with a fluctuation for each cell
(`heitler.networks.RectifiedNormal`), which is the row *linear start*: what they are better by is
what they have learned, and those that are worse have lost by their training."""

_SEPARATION = "Triangular discrimination of single observables, 0 to 1."

_DIVERSITY = """\
*SSIM within*: structural similarity of pairs of the candidate's showers of like energy (on
ln(1 + E / MIP), windows of 5 x 5 x 5); above the floor, showers are too much alike. *Across*: of a
candidate's and a Geant4 shower. *Support*: by the birthday paradox, in units of Geant4's own; far
below 1 there are too few different showers."""

_IMAGES = """\
A check without physics: {training:,} handwritten digits of scikit-learn (8 x 8 pixels), each
family trained on them for {epochs} epochs a stage, at most {seconds:.0f} s each, with the settings
of its showers, as if they were showers in one layer. It is told the class, and compared with
{test:,} held-out digits in the features of a small classifier that learnt the training's digits.
*Right class*: how often the classifier sees the digit that was asked for; it sees {right} of the
held-out digits right, and chance is a tenth. That is the start of a training for an adversarial
family, whose generator is updated once in several steps."""

_REGRESSION = """\
The family `Regression` makes no showers: from the particle it draws the row of
`heitler reconstruct`, trained on the reconstructed rows of {training:,} Geant4 showers (of the
packaged photons) in {seconds:.0f} s, {parameters:,} parameters. {rows:,} rows of it are compared
with as many held-out ones; the floor is held-out rows among themselves. It takes
{microseconds:.1f} µs per particle."""

_TYPES = """\
The auxiliary-classifier GAN makes showers of both types with one generator. Its data are others
than those of the tables above, and so are its floor and its GFLASH: {train:,} showers of the
training and {test:,} of the test, from `{file}` (SHA-256 `{sha256}`), which its configuration says
how to make. *Linear start*: the same generator before its training."""

_KNOWN = """\
Each type by itself against Geant4's of that type; and photons against electrons within a sample,
which says whether the generator knows how they differ. It should be what it is for Geant4: above
it, the classifier has drawn the types apart."""
