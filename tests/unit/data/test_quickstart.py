"""The quickstart's configuration and its rivals fit the packaged sample."""

from pathlib import Path

import pytest
import torch
import yaml

from heitler.data import QUICKSTART, resolve
from heitler.formats import open_showers
from heitler.models import CompoundHits
from heitler.simulators import read_configuration
from heitler.training import Experiment

CONFIGS = Path(__file__).parents[3] / "configs" / "experiments"


def build(path):
    experiment, _ = read_configuration(
        Experiment, yaml.safe_load(path.read_text()), source=path.name
    )
    with open_showers(resolve(experiment.data.file)) as reader:
        showers = reader.read(0, 200)
    conditioning, preprocessing, model = experiment.build(showers.geometry)
    conditioning.fit(showers.particles)
    preprocessing.fit(showers.deposits, showers.particles.energy.float())
    return experiment, model, conditioning(showers.particles)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*_coarse.yaml")), ids=lambda path: path.stem)
def test_experiments_on_the_sample_build(path):
    experiment, model, conditions = build(path)
    module = type(model).__module__.removeprefix("heitler.models.")
    assert path.stem.startswith(module.split(".")[0])
    assert experiment.settings_of(model)
    assert bool(torch.isfinite(conditions).all())


def test_the_default_knows_where_the_beam_crosses_a_cell():
    _, model, conditions = build(QUICKSTART)
    assert isinstance(model, CompoundHits)
    model.stencil.check(conditions[:, model.shape.columns["axis"]])


def test_the_default_is_an_experiment_too():
    named = CONFIGS / "compound_hits_ild_ecal_coarse.yaml"
    assert named.read_text() == QUICKSTART.read_text()
