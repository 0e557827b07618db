"""Settings of trainings that make no sense are refused when they are read."""

import pytest

from heitler.simulators import read_configuration
from heitler.training import Experiment, StageSettings


def changed(settings, path, value):
    place = settings
    for key in path[:-1]:
        place = place.setdefault(key, {})
    place[path[-1]] = value
    return settings


STAGE = ("training", "stages", "autoencoder")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("data", "test"), 0, "need showers, got 0"),
        (("data", "validation"), -1, "need showers"),
        (("training", "batch_size"), 0, "batch_size must be at least 1"),
        (("training", "physics_every"), 0, "physics_every must be at least 1"),
        (("training", "checkpoint_seconds"), -1.0, "checkpoint_seconds must be at least 0"),
        ((*STAGE, "epochs"), 0, "epochs must be at least 1"),
        ((*STAGE, "learning_rate"), 0.0, "learning_rate must be positive"),
        ((*STAGE, "max_seconds"), -1.0, "max_seconds must be positive"),
        ((*STAGE, "clip"), 0.0, "clip must be positive"),
        ((*STAGE, "weight_decay"), -1.0, "weight_decay must be at least 0"),
        ((*STAGE, "betas"), [0.9, 1.0], "betas must lie"),
        ((*STAGE, "betas"), [0.9], "betas"),
        ((*STAGE, "nonsense"), 1, "unknown setting 'nonsense'"),
        (("trainer", "devices"), 0, "devices must be at least 1"),
        (("trainer", "devices"), 3, "32 showers cannot be shared by 3 processes"),
        (("trainer", "accelerator"), "abacus", "abacus"),
        (("trainer", "threads"), -1, "threads must be at least 0"),
        (("seed",), -1, "seed must be at least 0"),
        (("conditioning",), [], "conditioning needs a condition"),
        (("nonsense",), 1, "unknown setting 'nonsense'"),
    ],
)
def test_settings_that_make_no_sense(path, value, message, toy_settings):
    with pytest.raises(ValueError, match=message) as error:
        read_configuration(Experiment, changed(toy_settings(), path, value))
    assert "\n" not in str(error.value)


def test_the_stages_are_those_of_the_model(toy_settings, toy_detector):
    experiment, _ = read_configuration(Experiment, toy_settings())
    model = experiment.build(toy_detector.geometry)[2]
    assert list(experiment.settings_of(model)) == ["autoencoder", "prior"]
    for stages in ({"prior": {"epochs": 1}}, {"a": {"epochs": 1}}, {}):
        other, _ = read_configuration(Experiment, toy_settings(stages=stages))
        with pytest.raises(ValueError, match=r"training\.stages of VAE are autoencoder, prior"):
            other.settings_of(model)


def test_a_stage_needs_its_epochs_only():
    assert StageSettings(3).max_seconds == float("inf")
