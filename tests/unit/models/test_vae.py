"""The hit law of the VAE: frequencies, means, the table of quantiles."""

import numpy as np
import pytest
import scipy.stats
import torch

from heitler.models import VAE, ShowerShape, draw

SHAPE = ShowerShape((6, 6), globals=1, conditions=1)
MEANS = torch.linspace(0.5, 8.0, 12)
PROBABILITIES = torch.linspace(0.05, 0.95, 12)


@pytest.fixture
def model():
    torch.manual_seed(1)
    return VAE(SHAPE, latent=2, encoder=(8,), decoder=(8,), flow=(8,), free_nats=0.0).eval()


@pytest.fixture
def fixed(model, monkeypatch):
    """The model with a decoder that knows frequencies and means of the cells."""

    def decode(latent, c):
        rows = latent.shape[0]
        return torch.logit(PROBABILITIES).expand(rows, -1), MEANS.log().expand(rows, -1)

    monkeypatch.setattr(model, "decode", decode)
    return model


def generate(model, count, seed=1):
    z = draw(model.noise, count, (seed,))
    with torch.no_grad():
        return model(z, torch.zeros(count, 1))[:, 1:], z


def gamma_showers(shape, count, seed=2):
    rng = np.random.default_rng(seed)
    energy = rng.gamma(shape, 1.0 / shape, size=(count, 12)) * MEANS.numpy()
    hit = rng.random((count, 12)) < PROBABILITIES.numpy()
    return torch.from_numpy(np.where(hit, energy, 0.0)).float()


def prepare(model, stage, cells):
    x = torch.cat([torch.zeros(len(cells), 1), cells], dim=1)
    z = draw(model.training_noise, len(cells), (3,))
    with torch.no_grad():
        model.prepare(stage, x, torch.zeros(len(cells), 1), z)


def test_cells_are_hit_as_often_as_the_decoder_says(fixed):
    cells, _ = generate(fixed, 20_000)
    got = (cells > 0).float().mean(dim=0)
    error = (PROBABILITIES * (1 - PROBABILITIES) / 20_000).sqrt()
    assert bool(((got - PROBABILITIES).abs() < 4.5 * error).all())


def test_one_uniform_number_decides_hit_and_energy(fixed):
    cells, z = generate(fixed, 2_000)
    assert torch.equal(cells > 0, z["cells"] < PROBABILITIES)
    # The energy of a hit grows with its rank u / p: the inverse of a cumulative distribution.
    for cell in (3, 11):
        u, energy = z["cells"][:, cell], cells[:, cell]
        inside = u < PROBABILITIES[cell]
        ordered = energy[inside][u[inside].argsort()]
        assert bool((ordered.diff() >= 0).all())


def test_an_untrained_table_is_the_exponential_law(fixed):
    cells, _ = generate(fixed, 20_000)
    for cell in (5, 11):
        energies = cells[:, cell][cells[:, cell] > 0]
        assert float(energies.mean()) == pytest.approx(float(MEANS[cell]), rel=0.05)
        assert float(energies.std()) == pytest.approx(float(MEANS[cell]), rel=0.1)


@pytest.mark.parametrize("shape", [0.7, 3.0])
def test_the_table_takes_the_law_of_the_training_showers(fixed, shape):
    prepare(fixed, "spectrum", gamma_showers(shape, 20_000))
    cells, _ = generate(fixed, 20_000)
    law = scipy.stats.gamma(shape, scale=1.0 / shape)
    for cell in (4, 11):
        ratio = cells[:, cell][cells[:, cell] > 0] / MEANS[cell]
        wanted = law.ppf([0.05, 0.25, 0.5, 0.75, 0.95])
        got = np.quantile(ratio.numpy(), [0.05, 0.25, 0.5, 0.75, 0.95])
        np.testing.assert_allclose(got, wanted, rtol=0.06, atol=0.01)
        assert float(ratio.mean()) == pytest.approx(1.0, rel=0.03)


def test_bins_of_the_table_without_hits_take_the_nearest(fixed):
    before = fixed.spectrum.table.clone()
    prepare(fixed, "spectrum", gamma_showers(3.0, 5_000))
    assert not torch.equal(fixed.spectrum.table, before)
    assert bool((fixed.spectrum.table.diff(dim=1) >= 0).all())
    assert bool((fixed.spectrum.table > 0).all())
    # Far outside the means of the cells: the first and the last bin are those of 0.5 and 8 MeV.
    low, high = fixed.spectrum.table[0].mean(), fixed.spectrum.table[-1].mean()
    assert float(low) == pytest.approx(1.0, rel=0.1)
    assert float(high) == pytest.approx(1.0, rel=0.1)


def test_training_starts_at_the_mean_shower(model):
    cells = gamma_showers(3.0, 2_000)
    prepare(model, "autoencoder", cells)
    with torch.no_grad():
        logit, log_mean = model.decode(torch.zeros(1, 2), torch.zeros(1, 1))
    often = (cells > 0).float().mean(dim=0)
    mean = cells.sum(dim=0) / (cells > 0).sum(dim=0)
    # Random weights move it a little.
    torch.testing.assert_close(torch.sigmoid(logit[0]), often, rtol=0, atol=0.1)
    torch.testing.assert_close(log_mean[0], mean.log(), rtol=0, atol=0.3)


def test_the_loss_is_minus_the_evidence_lower_bound(fixed):
    cells = gamma_showers(3.0, 50)
    x, c = torch.cat([torch.zeros(50, 1), cells], dim=1), torch.zeros(50, 1)
    z = draw(fixed.training_noise, 50, (3,))
    loss, parts = fixed.loss(x, c, z, phase="elbo")
    hit = (cells > 0).float()
    bernoulli = torch.distributions.Bernoulli(probs=PROBABILITIES)
    expected = -bernoulli.log_prob(hit).sum(dim=1).mean()
    torch.testing.assert_close(parts["hits"], expected)
    total = parts["hits"] + parts["energies"] + fixed.beta * parts["kl"]
    torch.testing.assert_close(loss, total)
    mean, log_variance = fixed.encode(cells, c)
    q = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    p = torch.distributions.Normal(torch.zeros(()), torch.ones(()))
    kl = torch.distributions.kl_divergence(q, p).sum(dim=1).mean()
    torch.testing.assert_close(parts["kl"], kl)


def test_quantities_come_from_the_flow(model):
    z = draw(model.noise, 200, (1,))
    with torch.no_grad():
        x = model(z, torch.zeros(200, 1))
        drawn = model.flow(torch.zeros(200, 1)).transform.inv(z["latent"])
    assert torch.equal(x[:, 0], drawn[:, 2])
