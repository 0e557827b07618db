"""GANs of tables: both distances learn a law that is known."""

from __future__ import annotations

import pytest
import torch

from heitler.models import RichGAN, ShowerShape, draw

SHAPE = ShowerShape((2,), globals=0, conditions=1)
COUNT = 500


def law(seed):
    """Two columns of mean c and width 0.2 + c^2 / 4 with a correlation of 0.8."""
    generator = torch.Generator().manual_seed(seed)
    c = 2 * torch.rand(COUNT, 1, generator=generator) - 1
    one, two = torch.randn(2, COUNT, generator=generator)
    errors = torch.stack([one, 0.8 * one + 0.6 * two], dim=1)
    return c + (0.2 + c.square() / 4) * errors, c


def errors(seed):
    """The law in units of its width about its mean."""
    x, c = law(seed)
    return (x - c) / (0.2 + c.square() / 4), c


def learn(model, stage, steps, rate, law=law):
    optimizers = [torch.optim.Adam(model.parameters_of(p), lr=rate) for p in stage.phases]
    for step in range(steps):
        x, c = law(step)
        place = step % len(stage.phases)
        phase = stage.phases[place]
        z = draw(model.training_noise, COUNT, (1, step))
        loss, _ = model.loss(x, c, z, phase=phase.name)
        optimizers[place].zero_grad()
        loss.backward()
        optimizers[place].step()


@pytest.mark.parametrize("distance", ["wasserstein", "cramer"])
def test_a_correlated_normal_law_is_learnt(distance):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = RichGAN(SHAPE, distance=distance, latent=2, width=24, blocks=1)
    for stage, steps, rate in zip(model.stages, (300, 50, 60), (0.01, 1e-3, 1e-4), strict=True):
        learn(model, stage, steps, rate)
    for value in (-0.8, 0.0, 0.8):
        c = torch.full((4000, 1), value)
        with torch.no_grad():
            y = model(draw(model.noise, len(c), (5,)), c)
        width = 0.2 + value**2 / 4
        assert y.mean(dim=0).tolist() == pytest.approx([value] * 2, abs=0.25 * width)
        assert y.std(dim=0).tolist() == pytest.approx([width] * 2, rel=0.2)
        assert float(torch.corrcoef(y.T)[0, 1]) == pytest.approx(0.8, abs=0.12)


@pytest.mark.parametrize("distance", ["wasserstein", "cramer"])
def test_the_critic_alone_finds_the_correlation(distance):
    """Without a likelihood before it, and with the wrong sign of a loss it would get worse."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = RichGAN(SHAPE, distance=distance, latent=2, width=24, blocks=1)
    _, alone, adversarial = model.stages
    learn(model, alone, 100, 1e-3, errors)
    _, c = law(2000)

    def correlation():
        with torch.no_grad():
            y = model(draw(model.noise, len(c), (5,)), c)
        return float(torch.corrcoef(y.T)[0, 1])

    assert abs(correlation()) < 0.15
    critic, generator = (
        torch.optim.Adam(model.parameters_of(phase), lr=rate, betas=(0.0, 0.9))
        for phase, rate in zip(adversarial.phases, (1e-3, 2e-3), strict=True)
    )
    for step in range(450):
        optimizer, place = (generator, 1) if step % 6 == 5 else (critic, 0)
        x, rows = errors(step)
        z = draw(model.training_noise, COUNT, (1, step))
        optimizer.zero_grad()
        model.loss(x, rows, z, phase=adversarial.phases[place].name)[0].backward()
        optimizer.step()
    assert 0.3 < correlation() < 1.0


def test_an_untrained_generator_leaves_the_flow_alone():
    """It is only the flow that moves them."""
    model = RichGAN(SHAPE, width=8, blocks=1)
    z, c = draw(model.noise, 30, (1,)), torch.zeros(30, 1)
    with torch.no_grad():
        assert torch.equal(model(z, c), model.flow.inverse(z["latent"][:, :2], c))


def test_an_unknown_distance_is_refused():
    with pytest.raises(KeyError):
        RichGAN(SHAPE, distance="manhattan")
