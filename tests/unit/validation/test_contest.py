"""Several families on the same showers: one report, against showers that none has seen."""

from __future__ import annotations

import pytest
import yaml

from heitler.formats import create_showers, open_showers
from heitler.validation import compare_models, contest, contest_table

CONFIGURATIONS = ("vae", "wgan_gp")


@pytest.fixture(scope="module")
def data(toy_law, tmp_path_factory):
    showers = toy_law(500, seed=5)
    path = tmp_path_factory.mktemp("contest") / "toy.h5"
    provenance = {"geant4_cpu_seconds_per_shower": 0.5}
    with create_showers(path, showers.detector, provenance=provenance) as writer:
        writer.write(showers)
    return path


@pytest.fixture
def files(toy_settings, data, tmp_path):
    paths = []
    for name in CONFIGURATIONS:
        settings = toy_settings(name)
        settings["data"] |= {"file": str(data), "test": 240}
        paths.append(tmp_path / f"{name}.yaml")
        paths[-1].write_text(yaml.safe_dump(settings))
    return paths


@pytest.fixture
def quick(monkeypatch):
    """Without the networks that judge, and with a note of each training."""
    compare, train, trainings = contest.validate.__globals__["compare"], contest.train, []

    def judged(*arguments, **settings):
        return compare(*arguments, **settings | {"neural": False})

    def noted(settings, folder, **rest):
        trainings.append(folder.name)
        return train(settings, folder, **rest)

    monkeypatch.setitem(contest.validate.__globals__, "compare", judged)
    monkeypatch.setattr(contest, "train", noted)
    return trainings


def test_all_stand_in_one_report(files, quick, data, tmp_path):
    runs, output = tmp_path / "runs", tmp_path / "report"
    settings = {"runs": runs, "batches": (10,), "progress": False}
    comparison = compare_models(files, output, **settings)
    assert [candidate.name for candidate in comparison.candidates] == list(CONFIGURATIONS)
    assert [row.candidate for row in comparison.speed] == list(CONFIGURATIONS)
    assert (output / "report.html").is_file()
    assert quick == list(CONFIGURATIONS)
    lines = contest_table(comparison)
    assert [line.split()[0] for line in lines] == ["model", *CONFIGURATIONS]
    # No candidate was compared with what its training saw.
    with open_showers(runs / "vae" / "held_out.h5") as held_out, open_showers(data) as whole:
        energies = set(held_out.particles.energy.tolist())
        assert len(energies) == 240
        assert energies < set(whole.particles.energy.tolist())
    # Finished runs are taken as they are.
    assert contest.trained(files[0], runs / "vae") == runs / "vae"
    assert quick == list(CONFIGURATIONS)
    with pytest.raises(ValueError, match=r"training of another configuration than .*vae\.yaml"):
        compare_models(files, output, overrides=["--seed=2"], **settings)
    changed = yaml.safe_load(files[1].read_text())
    changed["data"]["test"] = 200
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump(changed))
    with pytest.raises(ValueError, match="other and vae hold out different showers"):
        compare_models([files[0], other], output, **settings)


def test_a_folder_that_holds_other_things(files, quick, tmp_path):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "mine.txt").touch()
    with pytest.raises(ValueError, match="holds other things"):
        compare_models(files, tmp_path / "report", runs=tmp_path / "runs", progress=False)
    assert quick == []
