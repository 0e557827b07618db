"""The pure parts of benchmarks/families.py: families that are found, scores, the page."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import torch

pytest.importorskip("lightning")
pytest.importorskip("sklearn")
FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


def section(auc, **facts):
    names = (
        "auc_high", "auc_lateral", "auc_low", "fpd", "kpd", "sinkhorn", "mae", "mean", "width",
        "profile", "w1", "separation cells", "ssim", "ssim across", "support",
        "separation visible_energy", "separation hits", "separation maximum_energy",
        "separation centre_z", "separation width_x",
    )  # fmt: skip
    made = {"date": "2026-11-23", "hardware": "a machine"}
    return {"scores": dict.fromkeys(names, (auc, 0.01)), "made": made, **facts}


def test_the_page_has_a_row_for_each_and_marks_what_is_at_the_floor(load):
    page = load("families_page")
    times = {
        "milliseconds": {"1": (1.0, 0.1), "100": (0.5, 0.1)},
        "speed_up": {"1": 10.0, "100": 4321.0},
    }
    kept = {
        "floor": section(0.5, showers=2000),
        "gflash": section(0.9, **times),
        "good": section(0.52, parameters=12345, training_seconds=80.0, **times),
        "bad": section(0.99, **times),
        "alike": section(0.91, **times),
    }
    text = "\n\n".join(page.body(kept))
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    good = [line for line in rows if line.startswith("| good")]
    assert len(good) == 4
    assert all("**0.5" in line for line in good)
    assert "12,345" in good[0]
    assert "4,321" in good[0]
    assert good[1].endswith("| yes |")
    assert next(line for line in rows if "| bad" in line and "no |" in line)
    assert next(line for line in rows if "| alike" in line and "even |" in line)
    assert "**" not in "".join(line for line in rows if line.startswith("| Geant4"))
    assert "2026-11-23 on a machine: floor, gflash, good, bad, alike" in text


def test_the_family_of_several_types_has_tables_of_its_own(load):
    page = load("families_page")
    known = {key: [(0.5, 0.01), (0.61, 0.02)] for key in ("photons", "electrons", "between")}
    times = {"milliseconds": {"1": (1.0, 0.1), "100": (0.5, 0.1)}, "speed_up": {"100": 4321.0}}
    rows = {"floor": section(0.5, showers=123), "acgan": section(0.8, **times)}
    facts = {"train": 456, "file": "both.h5", "sha256": "abc"}
    content = {"rows": rows, "known": known, "data": facts, "made": rows["floor"]["made"]}
    kept = {"floor": section(0.5, showers=2000), "types": content}
    text = "\n\n".join(page.body(kept))
    first, second = text.split("## Photons and electrons")
    assert "acgan" not in first
    assert second.count("\n| acgan |") == 2
    assert "4,321" in second
    assert "| electrons against Geant4's | 0.500 ± 0.010 | 0.610 ± 0.020 |" in second
    assert "456 showers" in second
    assert "acgan_types" not in load("families").sections()


def test_the_floor_has_each_type_in_its_share(load):
    first_of_each = load("families_geant4").first_of_each
    alone = first_of_each(torch.full((50,), 22), 20)
    assert alone.tolist() == [True] * 20 + [False] * 30
    both = first_of_each(torch.tensor([22] * 40 + [11] * 10), 20)
    assert both.nonzero()[:, 0].tolist() == [*range(16), *range(40, 44)]


def test_scores_know_a_copy_from_a_scaled_sample(load, toy_law):
    """Half as much energy again: response, Wasserstein distance and judge move, hits hardly."""
    scores = load("families_scores")
    from heitler.reconstruction import ReferenceNetwork, train_network

    first, second = (toy_law(400, seed=seed) for seed in (1, 2))
    judge = train_network(
        ReferenceNetwork(first.detector, (22,)), first.sparse(), seed=1, epochs=20
    )
    scaled = type(second)(1.5 * second.deposits, second.particles, second.detector)
    looks = [scores.Look(showers.sparse()) for showers in (first, second, scaled)]
    found = [scores._physics(looks[0], look) for look in looks[1:]]
    assert found[1]["mean"].value == pytest.approx(1.5 * found[0]["mean"].value)
    assert found[1]["w1"].value > found[0]["w1"].value
    hits = [each["separation hits"].value for each in found]
    assert hits[1] == pytest.approx(hits[0], abs=0.02)
    errors = [scores.absolute_error(judge, look.showers).value for look in looks[1:]]
    assert errors[1] > 2 * errors[0]


def test_families_are_those_in_the_detector_of_the_packaged_photons(load):
    found = load("families").families()
    assert {"vae", "wgan_gp", "compound_hits"} <= set(found)
    assert not {"compound_hits_types", "regression_reconstructed"} & set(found)


def test_digits_are_showers_of_one_layer(load, tmp_path):
    images = load("families_images")
    from heitler.formats import open_showers

    with open_showers(images.write_digits(tmp_path / "digits.h5")) as reader:
        showers = reader.read(0, len(reader))
    assert showers.grid.shape == (1797, 1, 8, 8)
    assert sorted(set(showers.particles.pdg.tolist())) == list(range(1, 11))
    assert float(showers.deposits.max()) == 16.0
    pixels, labels = images._pixels(showers), showers.particles.pdg.numpy()
    judge = images.Judge(pixels[:1000], labels[:1000])
    true = judge.scores(pixels[:797], pixels[1000:], labels[1000:])
    shuffled = pixels[:, torch.randperm(64, generator=torch.Generator().manual_seed(1)).numpy()]
    wrong = judge.scores(pixels[:797], shuffled[1000:], labels[1000:])
    assert true["right"] > 0.85
    assert wrong["right"] < 0.5
    assert wrong["frechet"] > 5 * true["frechet"]
