"""Training on a GPU: what is asked for, what the card says, how near the CPU it comes."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from heitler.models import VAE, CompoundHits
from heitler.particles import IncidentParticles
from heitler.simulators import NeuralSimulator, machine, read_configuration, read_yaml
from heitler.training import Experiment, train
from heitler.training.callbacks import Checkpoints

CONFIGS = Path(__file__).parents[3] / "configs" / "experiments"
FAMILIES = pytest.mark.parametrize("family", ["vae", "wgan_gp"])


@pytest.fixture
def gpu_settings(toy_settings):
    """`gpu_settings("vae")`: those of a training on a GPU, or a skip."""
    if not torch.cuda.is_available():
        pytest.skip("needs a GPU")
    return lambda family="vae": {**toy_settings(family), "trainer": {"accelerator": "gpu"}}


def trained(settings, folder):
    return load_file(train(settings, folder, progress=False) / "model.safetensors")


def record(folder):
    return json.loads((folder / "card.json").read_text())["training"]


def assert_near(one, other, *, tolerance):
    """Equal but for a share of the largest value of each tensor."""
    assert one.keys() == other.keys()
    for name, value in one.items():
        if value.is_floating_point():
            size = float(other[name].abs().max())
            assert float((value - other[name]).abs().max()) <= tolerance * size + 1e-6, name


def test_the_card_says_what_auto_chose(toy_settings, tmp_path):
    settings = {**toy_settings(), "trainer": {"accelerator": "auto"}}
    made = record(train(settings, tmp_path / "run", progress=False))
    there = torch.cuda.is_available()
    assert made["accelerator"] == ("gpu" if there else "cpu")
    assert (made["gpu"] is not None) == there


def test_work_on_the_cpu_of_a_machine_with_a_gpu_names_no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device=None: "NVIDIA X")
    assert machine()["gpu"] is None
    assert machine(torch.device("cpu"))["gpu"] is None
    assert machine(torch.device("cuda", 0))["gpu"] == "NVIDIA X"


def test_a_family_without_gpu_refuses_it_and_takes_the_cpu_for_auto(
    toy_settings, toy_detector, monkeypatch
):
    assert not CompoundHits.gpu
    for accelerator, told in (("cpu", "cpu"), ("gpu", None), ("auto", "cpu")):
        settings = {**toy_settings(), "trainer": {"accelerator": accelerator}}
        experiment, _ = read_configuration(Experiment, settings, source="test")
        _, _, model = experiment.build(toy_detector.geometry)
        assert experiment.accelerator_for(model) == accelerator
        with monkeypatch.context() as patch:
            patch.setattr(VAE, "gpu", False)
            if told is not None:
                assert experiment.accelerator_for(model) == told
                continue
            with pytest.raises(ValueError, match="VAE runs on the CPU only; choose cpu or auto"):
                experiment.accelerator_for(model)


def test_compound_hits_on_a_gpu_are_refused_before_anything_is_written(tmp_path):
    settings = read_yaml(CONFIGS / "compound_hits_ild_ecal_coarse.yaml")
    words = ["--trainer.accelerator", "gpu"]
    with pytest.raises(ValueError, match="CompoundHits runs on the CPU only"):
        train(settings, tmp_path / "run", overrides=words, progress=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.gpu
@FAMILIES
def test_a_gpu_learns_what_a_cpu_learns(family, gpu_settings, toy_run, tmp_path):
    """The same showers and noise in the same order; only the last bits of sums differ."""
    weights = trained(gpu_settings(family), tmp_path / "run")
    assert_near(weights, load_file(toy_run(family) / "model.safetensors"), tolerance=1e-2)
    made = record(tmp_path / "run")
    assert made["accelerator"] == "gpu"
    assert made["gpu"] == torch.cuda.get_device_name()


@pytest.mark.gpu
@FAMILIES
@pytest.mark.parametrize("epoch", [0, 2, 3])
def test_a_training_on_a_gpu_goes_on_after_an_interruption(
    family, epoch, gpu_settings, tmp_path, monkeypatch
):
    original = Checkpoints.on_train_epoch_end

    def hook(self, trainer, module):
        original(self, trainer, module)
        if trainer.current_epoch == epoch:
            raise KeyError(epoch)

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "on_train_epoch_end", hook)
        with pytest.raises(KeyError):
            train(gpu_settings(family), tmp_path / "run", progress=False)
    resumed = trained(gpu_settings(family), tmp_path / "run")
    whole = trained(gpu_settings(family), tmp_path / "whole")
    assert_near(resumed, whole, tolerance=1e-3)


@pytest.mark.gpu
@FAMILIES
def test_weights_of_a_gpu_make_showers_on_both(family, gpu_settings, tmp_path):
    folder = train(gpu_settings(family), tmp_path / "run", progress=False)
    simulator = NeuralSimulator.load(folder)
    particles = IncidentParticles.beam(torch.linspace(1e4, 1e5, 300), impact=(10.0, -20.0))
    on_cpu = simulator.simulate(particles, seed=5)
    simulator.model.to("cuda")
    on_gpu = simulator.simulate(particles, seed=5)
    assert on_gpu.deposits.device.type == "cpu"
    sums = (on_cpu.deposits.sum(dim=1), on_gpu.deposits.sum(dim=1))
    torch.testing.assert_close(*sums, rtol=1e-4, atol=1e-3)
    # A uniform number next to its probability may make a hit here and none there.
    differ = (on_cpu.deposits - on_gpu.deposits).abs() > 1e-3 * on_cpu.deposits.max()
    assert float(differ.float().mean()) < 1e-2
    sparse = simulator.simulate_sparse(particles, seed=5)
    assert torch.equal(sparse.dense().deposits, on_gpu.deposits)
