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


def learn(model, stage, steps, rate):
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
        model = RichGAN(SHAPE, distance=distance, latent=4, width=24, blocks=1)
    for stage, steps, rate in zip(model.stages, (150, 250, 60), (0.01, 0.01, 1e-4), strict=True):
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
def test_the_critic_alone_gives_a_generator_its_width(distance):
    """Without the score before it, and with the wrong sign of a loss it would get worse."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = RichGAN(SHAPE, distance=distance, latent=4, width=24, blocks=1)
    units, _, adversarial = model.stages
    learn(model, units, 150, 0.01)
    _, c = law(2000)

    def pulls():
        with torch.no_grad():
            y = model(draw(model.noise, len(c), (5,)), c)
        return (y - c) / (0.2 + c.square() / 4)

    assert float(pulls().std()) < 0.4
    critic, generator = (
        torch.optim.Adam(model.parameters_of(phase), lr=rate, betas=(0.0, 0.9))
        for phase, rate in zip(adversarial.phases, (1e-3, 3e-4), strict=True)
    )
    for step in range(900):
        optimizer, place = (generator, 1) if step % 3 == 2 else (critic, 0)
        x, rows = law(step)
        z = draw(model.training_noise, COUNT, (1, step))
        optimizer.zero_grad()
        model.loss(x, rows, z, phase=adversarial.phases[place].name)[0].backward()
        optimizer.step()
    assert float(pulls().std()) == pytest.approx(1.0, abs=0.3)
    assert float(pulls().mean().abs()) < 0.4


def test_the_units_are_mean_and_width():
    """The likelihood of the units is least where they are those of the law."""
    model = RichGAN(SHAPE, width=8, blocks=1)
    x, c = torch.randn(2000, 2, generator=torch.Generator().manual_seed(1)), torch.zeros(2000, 1)
    with torch.no_grad():
        for p in model.units.parameters():
            p.zero_()
        losses = []
        for mean, log_width in ((0.0, 0.0), (0.3, 0.0), (0.0, 0.3), (0.0, -0.3)):
            model.units.end[-1].bias.copy_(torch.tensor([mean] * 2 + [log_width] * 2))
            losses.append(float(model.loss(x, c, {}, phase="nll")[0]))
    assert losses[0] == min(losses)


def test_rows_that_are_all_the_same_are_generated_without_width():
    model = RichGAN(SHAPE, width=8, blocks=1)
    c = torch.zeros(50, 1)
    with torch.no_grad():
        for p in model.units.parameters():
            p.zero_()
        model.units.end[-1].bias.copy_(torch.tensor([0.3, 0.7, -9.0, 0.0]))
        y = model(draw(model.noise, len(c), (1,)), c)
    assert torch.equal(y[:, 0], torch.full((50,), 0.3))
    assert len(y[:, 1].unique()) == 50


def test_an_unknown_distance_is_refused():
    with pytest.raises(KeyError):
        RichGAN(SHAPE, distance="manhattan")
