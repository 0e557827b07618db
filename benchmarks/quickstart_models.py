"""Which model does best in the time of the quickstart: writes docs/results/quickstart-models.md.

    python benchmarks/quickstart_models.py

Each candidate is trained on one thread and compared with held-out Geant4 showers. The default and
the VAE are trained three times, with other seeds and other held-out showers each time.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import yaml

from heitler.data import QUICKSTART, resolve
from heitler.formats import create_showers, open_showers
from heitler.training import Split, read_rows, train
from heitler.validation import Comparison, assess
from results import table, write_page

TEST, VALIDATION = 2000, 300
CONFIGS = Path(__file__).parents[1] / "configs" / "experiments"
VAE = CONFIGS / "vae_ild_ecal_coarse.yaml"
WGAN = CONFIGS / "wgan_gp_ild_ecal_coarse.yaml"

MODEL, AE = "--model.init_args.", "--training.stages.autoencoder."
ALONE = '--preprocessing=[{"class_path": "heitler.preprocessing.Response"}]'
LOOSE = [MODEL + "free_nats=0", MODEL + "latent=10"]
CANDIDATES: list[tuple[str, Path, list[str], int]] = [
    ("compound hits (default)", QUICKSTART, [], 1),
    ("compound hits (default), other split and seed", QUICKSTART, [], 2),
    ("compound hits (default), other split and seed", QUICKSTART, [], 3),
    ("VAE", VAE, [], 1),
    ("VAE, other split and seed", VAE, [], 2),
    ("VAE, other split and seed", VAE, [], 3),
    ("VAE, without the centre of gravity", VAE, [ALONE], 1),
    ("VAE, no free nats", VAE, [MODEL + "free_nats=0"], 1),
    ("VAE, no free nats, 10 latent numbers", VAE, LOOSE, 1),
    ("VAE, no free nats, 10 latent numbers", VAE, LOOSE, 2),
    ("VAE, 8 patterns per layer", VAE, [MODEL + "rank=8"], 1),
    ("VAE, weight decay 0.01", VAE, [AE + "weight_decay=0.01"], 1),
    ("VAE, beta 0.3", VAE, [MODEL + "beta=0.3"], 1),
    ("VAE, latent flow of one epoch", VAE, ["--training.stages.prior.epochs=1"], 1),
    ("WGAN-GP, 90 s", WGAN, ["--training.stages.adversarial.max_seconds=85"], 1),
]

_INTRODUCTION = f"""\
What was tried as the default model of `make quickstart`: at most 90 s of epochs on one thread,
3,700 Geant4 photons of 10 to 100 GeV in `ild_ecal_coarse`. Each row compares {TEST} generated
with {TEST} held-out showers; the floor is Geant4 against Geant4 with the same numbers of showers.
AUC: cross-fitted gradient-boosted trees on 69 high-level features. Mean and width of the response
are ratios to Geant4 in the worst of three bins of energy. Speed-up: batch 100 on one thread
against Geant4's, CPU time against CPU time."""

_CAVEAT = """\
The settings of the VAE were chosen with the split of seed 1 in view (about two dozen variants), so
its first row is a little optimistic; those of compound hits were chosen within the showers of the
training, and rows with other splits by nothing. The time of compound hits is that of the epochs,
without the fit of the residuals."""


def shuffled(folder: Path, seed: int) -> Path:
    """The packaged showers in another order, so that others are held out; seed 1 leaves it."""
    source = resolve("ild_photons_coarse")
    if seed == 1:
        return source
    path = folder / f"shuffled_{seed}.h5"
    with open_showers(source) as reader:
        order = torch.randperm(len(reader), generator=torch.Generator().manual_seed(seed))
        showers = reader.read(0, len(reader))[order]
        with create_showers(path, reader.detector, provenance=reader.provenance) as writer:
            writer.write(showers)
    return path


def second_sample(data: Path, path: Path) -> Path:
    """Geant4 showers of the training for the floor, as many as are held out."""
    with open_showers(data) as reader:
        rows = Split.of(len(reader), test=TEST, validation=VALIDATION).train[:TEST]
        with create_showers(path, reader.detector, provenance=reader.provenance) as writer:
            for showers in read_rows(reader, rows):
                writer.write(showers)
    return path


def cells(comparison: Comparison, observable: str, metric: str) -> list[str]:
    """Value and floor over all energies."""
    row = next(
        row
        for row in comparison.select(observable=observable, metric=metric)
        if row.energies == "all energies"
    )
    return [f"{row.value.value:.3f} ± {row.value.error:.3f}", f"{row.floor.value:.3f}"]


def worst(comparison: Comparison, metric: str) -> str:
    """The ratio furthest from 1 in the bins of energy."""
    rows = [r for r in comparison.select(metric=metric) if r.energies != "all energies"]
    furthest = max((row.value for row in rows), key=lambda value: abs(value.value - 1))
    return f"{furthest.value:.3f} ± {furthest.error:.3f}"


def run(name: str, config: Path, overrides: list[str], seed: int, scratch: Path) -> list[str]:
    """Trains and assesses one candidate."""
    data = shuffled(scratch, seed)
    folder = scratch / f"{len(list(scratch.iterdir())):03d}"
    settings = yaml.safe_load(config.read_text())
    words = [*overrides, f"--data.file={data}", f"--seed={seed}"]
    train(settings, folder, overrides=words, source=config.name, progress=False)
    floor = second_sample(data, scratch / "floor.h5")
    comparison = assess(folder, floor=floor, batches=(100,), seed=seed, progress=False)
    card = yaml.safe_load((folder / "card.json").read_text())
    speed = comparison.speed[0]
    row = [
        name,
        str(seed),
        f"{card['training']['seconds']:.0f}",
        *cells(comparison, "high-level features", "classifier_auc"),
        worst(comparison, "mean_ratio"),
        worst(comparison, "width_ratio"),
        *cells(comparison, "longitudinal_profile", "largest_deviation"),
        *cells(comparison, "hits", "separation_power"),
        f"{speed.speed_up:,.0f}",
    ]
    print(" | ".join(row), flush=True)
    return row


def main() -> None:
    """Trains all candidates and writes the page."""
    torch.set_num_threads(1)
    with TemporaryDirectory() as scratch:
        rows = [run(*candidate, Path(scratch)) for candidate in CANDIDATES]
    head = (
        "model", "seed", "training, s", "AUC", "floor", "mean response, worst bin",
        "width, worst bin", "profile, worst layer", "floor", "separation of hits", "floor",
        "speed-up",
    )  # fmt: skip
    text = [_INTRODUCTION, table(head, rows), _CAVEAT]
    print(write_page("quickstart-models", "Models for the quickstart", text,
                     [resolve("ild_photons_coarse")]))  # fmt: skip


if __name__ == "__main__":
    main()
