"""Trained models as simulators: what a run directory holds is all that is needed."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

import heitler.data
from heitler.hits import Hits
from heitler.models import GenerativeModel, Noise, ShowerShape, Stage
from heitler.particles import IncidentParticles
from heitler.preprocessing import Conditioning, LogEnergy, Preprocessing, Threshold
from heitler.simulators import NeuralSimulator, Simulator, SparseSimulator

FAMILIES = pytest.mark.parametrize("family", ["vae", "wgan_gp"])


def beam(energy):
    """Particles that enter where those of the toy training did."""
    return IncidentParticles.beam(energy, impact=(10.0, -20.0))


@pytest.fixture
def copy(toy_run, tmp_path):
    """A copy of a run somewhere else, without what only training needs."""

    def make(family="vae"):
        target = tmp_path / "elsewhere" / family
        target.mkdir(parents=True)
        for name in ("config.yaml", "model.safetensors", "card.json"):
            shutil.copy(toy_run(family) / name, target / name)
        return target

    return make


@FAMILIES
def test_a_copy_elsewhere_makes_the_same_showers(family, toy_run, copy):
    particles = beam(torch.linspace(1e4, 1e5, 300))
    one = NeuralSimulator.load(toy_run(family)).simulate(particles, seed=5)
    other = NeuralSimulator.load(copy(family)).simulate(particles, seed=5)
    assert torch.equal(one.deposits, other.deposits)
    assert one.detector == other.detector
    assert float(one.deposits.sum()) > 0


@FAMILIES
def test_showers_depend_on_the_seed_and_come_in_order(family, toy_run):
    simulator = NeuralSimulator.load(toy_run(family))
    assert isinstance(simulator, Simulator)
    particles = beam(torch.linspace(1e4, 1e5, 40))
    one, other = (simulator.simulate(particles, seed=seed) for seed in (1, 2))
    assert not torch.equal(one.deposits, other.deposits)
    assert torch.equal(one.particles.energy, particles.energy)
    assert len(simulator.simulate(particles[:1], seed=1)) == 1


def test_the_name_of_a_packaged_model_is_enough(copy, monkeypatch):
    folder = copy()
    monkeypatch.setattr(heitler.data, "_MODELS", folder.parent)
    particles = beam([5e4] * 3)
    one, other = (NeuralSimulator.load(name) for name in (folder, "vae"))
    assert torch.equal(
        one.simulate(particles, seed=1).deposits, other.simulate(particles, seed=1).deposits
    )
    assert one.provenance(folder) == other.provenance("vae")
    with pytest.raises(
        ValueError, match=r"neither a run directory nor a packaged model \(heitler list"
    ):
        NeuralSimulator.load("gan")


def test_particles_outside_of_the_card_are_refused(toy_run):
    particles = beam([1e3])
    with pytest.raises(ValueError, match="10 to 100 GeV, got 1 GeV"):
        NeuralSimulator.load(toy_run()).simulate(particles, seed=1)
    elsewhere = IncidentParticles.beam([5e4], impact=(10.0, -10.0))
    with pytest.raises(ValueError, match="entry points x 10 y -20 mm, got x 10 y -10 mm"):
        NeuralSimulator.load(toy_run()).simulate(elsewhere, seed=1)
    free = NeuralSimulator.load(toy_run(), extrapolate=True)
    assert len(free.simulate(particles, seed=1)) == 1


@pytest.mark.parametrize(
    ("missing", "hint"),
    [
        ("card.json", "its training is not finished"),
        ("model.safetensors", "its training is not finished"),
        ("config.yaml", "it is not a trained run"),
    ],
)
def test_a_folder_without_all_files(missing, hint, copy):
    folder = copy()
    (folder / missing).unlink()
    with pytest.raises(ValueError, match=f"holds no {missing}: {hint}"):
        NeuralSimulator.load(folder)


def test_weights_of_another_model(copy):
    folder = copy()
    shutil.copy(copy("wgan_gp") / "model.safetensors", folder / "model.safetensors")
    with pytest.raises(ValueError, match=r"does not fit config\.yaml"):
        NeuralSimulator.load(folder)


def test_half_of_the_weights(copy):
    path = copy() / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"does not fit config\.yaml"):
        NeuralSimulator.load(path.parent)


@FAMILIES
def test_what_only_training_needs_may_be_missing(family, toy_run, copy):
    folder, particles = copy(family), beam(torch.linspace(1e4, 1e5, 20))
    simulator = NeuralSimulator.load(folder)
    before = simulator.simulate(particles, seed=1)
    size = (folder / "model.safetensors").stat().st_size
    simulator.model.strip()
    simulator.save(folder, (folder / "config.yaml").read_text())
    again = NeuralSimulator.load(folder)
    assert torch.equal(again.simulate(particles, seed=1).deposits, before.deposits)
    assert not any(hasattr(again.model, name) for name in simulator.model.training_only)
    assert (folder / "model.safetensors").stat().st_size < size


@FAMILIES
def test_what_training_needs_is_there_as_a_whole_or_not_at_all(family, copy):
    path = copy(family) / "model.safetensors"
    part = f"model.{NeuralSimulator.load(path.parent).model.training_only[0]}"
    weights = load_file(path)
    del weights[next(name for name in weights if name.startswith(part))]
    save_file(weights, path)
    with pytest.raises(ValueError, match=r"does not fit config\.yaml"):
        NeuralSimulator.load(path.parent)


def test_weights_decide_what_is_made(copy):
    folder = copy()
    particles = beam([5e4])
    before = NeuralSimulator.load(folder).simulate(particles, seed=1)
    weights = load_file(folder / "model.safetensors")
    save_file({name: value * 0.9 for name, value in weights.items()}, folder / "model.safetensors")
    after = NeuralSimulator.load(folder).simulate(particles, seed=1)
    assert not torch.equal(before.deposits, after.deposits)


def test_a_card_is_rewritten_as_a_whole(copy):
    folder = copy()
    simulator = NeuralSimulator.load(folder)
    simulator.rewrite_card(folder, fidelity={"mean": 1.0})
    assert simulator.card.fidelity == {"mean": 1.0}
    assert json.loads((folder / "card.json").read_text())["fidelity"] == {"mean": 1.0}
    assert sorted(p.name for p in folder.iterdir()) == [
        "card.json",
        "config.yaml",
        "model.safetensors",
    ]


def test_the_origin_of_generated_showers(toy_run):
    origin = NeuralSimulator.load(toy_run()).provenance(toy_run())
    assert origin["family"] == "VAE"
    assert len(origin["weights_sha256"]) == len(origin["trained_on_sha256"]) == 64
    assert origin["extrapolate"] is False


@FAMILIES
@pytest.mark.parametrize("count", [0, 1, 300])
def test_sparse_showers_are_those_of_simulate(family, count, toy_run):
    simulator = NeuralSimulator.load(toy_run(family))
    assert isinstance(simulator, SparseSimulator)
    particles = beam(torch.linspace(1e4, 1e5, count))
    dense, sparse = (
        simulator.simulate(particles, seed=5),
        simulator.simulate_sparse(particles, seed=5),
    )
    assert torch.equal(sparse.dense().deposits, dense.deposits)
    assert sparse.particles is particles
    assert sparse.detector is simulator.detector


def test_sparse_showers_are_checked_against_the_card(toy_run):
    with pytest.raises(ValueError, match="10 to 100 GeV, got 1 GeV"):
        NeuralSimulator.load(toy_run()).simulate_sparse(beam([1e3]), seed=1)


class Sampler(GenerativeModel):
    """Samples hits: one in each of the layers of the toy, its energy grows with the particle's."""

    stages = (Stage("nothing"),)

    def __init__(self, shape):
        super().__init__(shape)
        self.noise = self.training_noise = {"cell": Noise("uniform", 4)}
        self.batches = []

    def loss(self, x, c, z, *, phase):
        raise NotImplementedError

    def hits(self, z, c):
        self.batches.append(len(c))
        cells = (15 * z["cell"]).int() + 15 * torch.arange(4, dtype=torch.int32)
        energies = c.exp().expand(-1, 4).reshape(-1)
        return Hits(4 * torch.arange(len(c) + 1), cells.reshape(-1), energies)

    def forward(self, z, c):
        return self.hits(z, c).dense(self.shape.cells)


@pytest.fixture
def sampler(toy_detector):
    """`sampler(*transforms)`: a simulator whose model samples hits."""

    def make(*transforms):
        conditioning = Conditioning([LogEnergy()])
        conditioning.fit(beam(torch.linspace(1e4, 1e5, 300)))
        model = Sampler(ShowerShape(toy_detector.geometry.layer_sizes, 0, 1))
        preprocessing = Preprocessing(transforms)
        return NeuralSimulator(
            toy_detector, conditioning, preprocessing, model, None, extrapolate=True
        )

    return make


def test_hits_that_a_model_samples_are_handed_over_as_they_are(sampler, monkeypatch):
    simulator, particles = sampler(), beam(torch.linspace(1e4, 1e5, 300))
    dense = simulator.simulate(particles, seed=5).deposits
    assert int((dense > 0).sum()) == 4 * 300
    simulator.model.batches.clear()
    with monkeypatch.context() as patch:
        patch.setattr(Hits, "dense", None)
        sparse = simulator.simulate_sparse(particles, seed=5)
    assert simulator.model.batches == [128, 128, 44]
    assert torch.equal(sparse.dense().deposits, dense)


def test_each_batch_has_random_numbers_of_its_own(sampler):
    hits = sampler().simulate_sparse(beam([5e4] * 256), seed=5).hits
    assert not torch.equal(hits[:128].cells, hits[128:].cells)


def test_transforms_come_between_the_hits_of_a_model_and_the_deposits(sampler):
    simulator, particles = sampler(Threshold(2.0)), beam(torch.linspace(1e4, 1e5, 300))
    dense = simulator.simulate(particles, seed=5).deposits
    assert 0 < int((dense > 0).sum()) < 4 * 300
    assert torch.equal(simulator.simulate_sparse(particles, seed=5).dense().deposits, dense)


def test_the_first_of_many_full_batches_are_those_of_few(sampler):
    simulator, particles = sampler(), beam(torch.linspace(1e4, 1e5, 300))
    many = simulator.simulate_sparse(particles, seed=5).dense().deposits
    few = simulator.simulate_sparse(particles[:200], seed=5).dense().deposits
    assert torch.equal(many[:200], few)
