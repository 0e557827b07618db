"""The contract of every family of generative models."""

from __future__ import annotations

import inspect

import pytest
import torch
from safetensors.torch import load, save

from heitler import models
from heitler.models import GenerativeModel, ShowerShape, draw, families

N = 12
FAMILIES = {
    name: family
    for name, family in vars(models).items()
    if isinstance(family, type)
    and issubclass(family, GenerativeModel)
    and family is not GenerativeModel
}


def grid(layers, rows, columns, told):
    """A shape with space: cells of 1 mm in layers 0.5 mm apart; `told` columns, then the axis.

    The first column that is told is the energy, the second the angle.
    """
    known = {"scaled_energy": slice(0, 1), "theta": slice(1, 2)}
    steps = (torch.arange(n, dtype=torch.float64) for n in (layers, rows, columns))
    z, y, x = torch.meshgrid(*steps, indexing="ij")
    centres = torch.stack([x - (columns - 1) / 2, y - (rows - 1) / 2, 0.5 * z], dim=-1)
    return ShowerShape(
        (rows * columns,) * layers,
        globals=0,
        conditions=told + 4,
        columns={**dict(list(known.items())[:told]), "axis": slice(told, told + 4)},
        centres=centres.view(-1, 3),
        grid=(layers, rows, columns),
    )


SHAPES = {
    "regular": ShowerShape((9, 9, 9), globals=1, conditions=1),
    "ragged": ShowerShape((4, 10, 1, 7), globals=2, conditions=3),
    "cells only": ShowerShape((5, 5), globals=0, conditions=2),
    "grid": grid(3, 5, 5, told=1),
    "oblong grid": grid(4, 3, 6, told=2),
    "types": ShowerShape((6, 3, 6), globals=1, conditions=4, columns={"type": slice(1, 4)}),
}
NEEDS = {
    "ACGAN": lambda shape: "type" in shape.columns,
    "CalorimeterGAN": lambda shape: bool(shape.grid),
    "CompoundHits": lambda shape: shape.centres is not None,
    "DCGAN": lambda shape: bool(shape.grid),
    "ThreeDGAN": lambda shape: shape.centres is not None,
}
"""What families ask of a shape: they refuse shapes without."""

SIGNED = {"Regression", "RichGAN"}
"""Families of tables, whose columns may be of either sign."""

SHAPES_OF = {
    name: [key for key, shape in SHAPES.items() if name not in NEEDS or NEEDS[name](shape)]
    for name in FAMILIES
}
PHASES = [
    (name, phase)
    for name, family in FAMILIES.items()
    for stage in family.stages
    for phase in stage.phases
]


def cases(names, values):
    """Marks a test with values, each in all shapes of its family."""
    return pytest.mark.parametrize(
        (*names, "shape"),
        [(*value, shape) for value in values for shape in SHAPES_OF[value[0]]],
        ids=lambda value: getattr(value, "name", value),
    )


every_family = pytest.mark.parametrize("family", FAMILIES)
every_family_and_shape = cases(("family",), [(name,) for name in FAMILIES])
every_phase = pytest.mark.parametrize(
    ("family", "phase"), PHASES, ids=[f"{name}-{phase.name}" for name, phase in PHASES]
)
every_phase_and_shape = cases(("family", "phase"), PHASES)


def build(family, shape):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return FAMILIES[family](SHAPES[shape])


def batch(shape, count=N, seed=1):
    """Showers of order one, half of the cells empty, and conditions."""
    generator = torch.Generator().manual_seed(seed)
    sizes = SHAPES[shape]
    cells = torch.empty(count, sizes.cells).exponential_(generator=generator)
    cells[torch.rand(count, sizes.cells, generator=generator) < 0.5] = 0.0
    quantities = torch.randn(count, sizes.globals, generator=generator)
    c = torch.randn(count, sizes.conditions, generator=generator)
    if "scaled_energy" in sizes.columns:
        c[:, sizes.columns["scaled_energy"]] = c[:, sizes.columns["scaled_energy"]].exp()
    if "axis" in sizes.columns:  # straight through the centre of a cell
        entry = sizes.centres[torch.randint(len(sizes.centres), (count,), generator=generator), :2]
        c[:, sizes.columns["axis"]] = torch.cat([entry, torch.zeros(count, 2)], dim=1).float()
    if "type" in sizes.columns:
        types = c[:, sizes.columns["type"]]
        kinds = torch.randint(types.shape[1], (count,), generator=generator)
        types.copy_(torch.nn.functional.one_hot(kinds, types.shape[1]))
    return torch.cat([quantities, cells], dim=1), c


def noise(spec, count=N, seed=1):
    return draw(spec, count, (seed,))


def rows(z, part):
    return {name: values[part] for name, values in z.items()}


def test_what_is_exported_is_a_family():
    assert set(FAMILIES.values()) <= set(families())


@pytest.mark.parametrize("family", NEEDS)
def test_a_family_says_what_it_needs(family):
    for shape in SHAPES.values():
        if not NEEDS[family](shape):
            with pytest.raises(ValueError, match=r"need|preprocessing must be empty"):
                FAMILIES[family](shape)


@every_family
def test_settings_have_defaults_and_the_shape_comes_first(family):
    shape, *settings = list(inspect.signature(FAMILIES[family]).parameters.values())
    assert shape.name == "shape"
    assert all(entry.kind is inspect.Parameter.KEYWORD_ONLY for entry in settings)
    assert all(entry.default is not inspect.Parameter.empty for entry in settings)


@every_family_and_shape
def test_noise_is_listed(family, shape):
    model = build(family, shape)
    assert model.noise
    for spec in (model.noise, model.training_noise):
        for entry in spec.values():
            assert entry.size > 0
            assert entry.kind in {"normal", "uniform"}


@every_family_and_shape
def test_generation_is_a_function_of_noise_and_condition(family, shape):
    model = build(family, shape).eval()
    _, c = batch(shape)
    z = noise(model.noise)
    with torch.no_grad():
        x = model(z, c)
        torch.manual_seed(5)
        assert torch.equal(model(z, c), x)
        assert not torch.equal(model(noise(model.noise, seed=2), c), x)
    sizes = SHAPES[shape]
    assert x.shape == (N, sizes.features)
    assert x.dtype == torch.float32
    assert bool(torch.isfinite(x).all())
    assert family in SIGNED or bool((x[:, sizes.globals :] >= 0).all())
    assert bool((x[:, sizes.globals :] > 0).any())


@every_family_and_shape
def test_generation_leaves_noise_and_condition_alone(family, shape):
    model = build(family, shape).eval()
    _, c = batch(shape)
    z = noise(model.noise)
    with torch.no_grad():
        model(z, c)
    assert all(torch.equal(z[name], values) for name, values in noise(model.noise).items())
    assert torch.equal(c, batch(shape)[1])


@every_family_and_shape
def test_a_stripped_model_generates_the_same(family, shape):
    model = build(family, shape).eval()
    _, c = batch(shape)
    z = noise(model.noise)
    with torch.no_grad():
        x = model(z, c)
    before = set(model.state_dict())
    model.strip()
    after = set(model.state_dict())
    for name in model.training_only:
        gone = {key for key in before if f"{key}.".startswith(f"{name}.")}
        assert gone
        assert not gone & after
    with torch.no_grad():
        assert torch.equal(model(z, c), x)
    made = model(z, c)
    if made.requires_grad:  # all that is left has a part in it
        made.sum().backward()
        assert [name for name, p in model.named_parameters() if p.grad is None] == []


@every_family_and_shape
def test_a_shower_does_not_depend_on_its_neighbours(family, shape):
    model = build(family, shape).eval()
    _, c = batch(shape)
    z = noise(model.noise)
    with torch.no_grad():
        together = model(z, c)
        for i in (0, N - 1):
            alone = model(rows(z, slice(i, i + 1)), c[i : i + 1])
            torch.testing.assert_close(alone, together[i : i + 1], rtol=1e-4, atol=1e-5)


@every_family
def test_the_output_depends_on_the_condition(family):
    shape = SHAPES_OF[family][0]
    model = build(family, shape).eval()
    z = noise(model.noise)
    low, high = torch.zeros(2, N, SHAPES[shape].conditions)
    low[:, 0], high[:, 0] = -2.0, 2.0
    with torch.no_grad():
        low, high = model(z, low), model(z, high)
    assert not torch.equal(low, high)


@every_phase_and_shape
def test_losses_are_deterministic_finite_and_the_same_in_any_order(family, phase, shape):
    model = build(family, shape)
    x, c = batch(shape)
    z = noise(model.training_noise)
    loss, parts = model.loss(x, c, z, phase=phase.name)
    assert loss.shape == ()
    loss = loss.detach()
    assert bool(torch.isfinite(loss))
    torch.manual_seed(5)
    again, _ = model.loss(x, c, z, phase=phase.name)
    assert torch.equal(again.detach(), loss)
    order = torch.arange(N).roll(5)
    other, _ = model.loss(x[order], c[order], rows(z, order), phase=phase.name)
    torch.testing.assert_close(other.detach(), loss, rtol=1e-4, atol=1e-5)
    for value in parts.values():
        assert value.shape == ()
        assert bool(torch.isfinite(value))


@cases(("family", "phase"), PHASES)
def test_losses_are_means_over_showers(family, phase, shape):
    model = build(family, shape)
    x, c = batch(shape)
    z = noise(model.training_noise)
    loss, _ = model.loss(x, c, z, phase=phase.name)
    loss = loss.detach()
    halves = []
    for part in (slice(0, N // 2), slice(N // 2, N)):
        value, _ = model.loss(x[part], c[part], rows(z, part), phase=phase.name)
        halves.append(float(value.detach()))
    is_mean = sum(halves) / 2 == pytest.approx(float(loss), rel=1e-4, abs=1e-5)
    assert is_mean or model.batchwise
    assert halves[0] != halves[1]


@every_phase_and_shape
def test_a_phase_trains_all_of_its_submodules(family, phase, shape):
    model = build(family, shape)
    x, c = batch(shape)
    with torch.no_grad():  # off the start, where a last layer of zeros hides those before it
        generator = torch.Generator().manual_seed(2)
        for p in model.parameters():
            p.add_(0.02 * torch.randn(p.shape, generator=generator))
    loss, _ = model.loss(x, c, noise(model.training_noise), phase=phase.name)
    loss.backward()
    trained = model.parameters_of(phase)
    assert trained
    # The bias of a critic's last layer cancels between real and generated: its gradient is zero.
    assert all(p.grad is not None and bool(torch.isfinite(p.grad).all()) for p in trained)
    assert sum(bool(p.grad.abs().sum() > 0) for p in trained) >= len(trained) - 1


@every_phase
def test_a_phase_needs_no_gradient_of_others(family, phase):
    """The trainer freezes what a phase does not train: loss and gradient stay the same."""
    shape = SHAPES_OF[family][0]
    model, frozen = build(family, shape), build(family, shape)
    x, c = batch(shape)
    own = {id(p) for p in frozen.parameters_of(phase)}
    for p in frozen.parameters():
        p.requires_grad_(id(p) in own)
    gradients = []
    for m in (model, frozen):
        loss, _ = m.loss(x, c, noise(m.training_noise), phase=phase.name)
        loss.backward()
        gradients.append([p.grad.clone() for p in m.parameters_of(phase)])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


@every_family
def test_phases_name_submodules_and_cover_every_parameter(family):
    model = build(family, SHAPES_OF[family][0])
    stages = FAMILIES[family].stages
    phases = [phase for stage in stages for phase in stage.phases]
    for names in ([stage.name for stage in stages], [phase.name for phase in phases]):
        assert len(names) == len(set(names))
    assert all(phase.steps >= 1 and phase.trains for phase in phases)
    trained = {id(p) for phase in phases for p in model.parameters_of(phase)}
    assert trained == {id(p) for p in model.parameters()}


@every_family_and_shape
def test_every_stage_can_be_prepared_again_and_again(family, shape):
    model = build(family, shape)
    x, c = batch(shape, count=100)
    z = noise(model.training_noise, count=100)
    for stage in model.stages:
        for _ in range(2):
            with torch.no_grad():
                model.prepare(stage.name, x, c, z)
        out = model(noise(model.noise), c[:N])
        assert bool(torch.isfinite(out).all())
        for phase in stage.phases:
            assert bool(torch.isfinite(model.loss(x, c, z, phase=phase.name)[0]))


@every_family_and_shape
def test_some_showers_may_be_empty(family, shape):
    model = build(family, shape)
    x, c = batch(shape)
    x[::2, SHAPES[shape].globals :] = 0.0
    z = noise(model.training_noise)
    for stage in model.stages:
        with torch.no_grad():
            model.prepare(stage.name, x, c, z)
        for phase in stage.phases:
            assert bool(torch.isfinite(model.loss(x, c, z, phase=phase.name)[0]))


@every_family_and_shape
def test_weights_hold_all_that_was_learned(family, shape):
    model = build(family, shape)
    x, c = batch(shape, count=100)
    z = noise(model.training_noise, count=100)
    for stage in model.stages:
        with torch.no_grad():
            model.prepare(stage.name, x, c, z)
    other = FAMILIES[family](SHAPES[shape])
    other.load_state_dict(load(save(model.state_dict())))
    with torch.no_grad():
        z = noise(model.noise)
        assert torch.equal(other.eval()(z, c[:N]), model.eval()(z, c[:N]))


@every_family_and_shape
def test_hits_are_the_cells_of_the_dense_shower(family, shape):
    model, (_, c) = build(family, shape), batch(shape)
    model.eval()
    z = noise(model.noise)
    with torch.inference_mode():
        hits, x = model.hits(z, c), model(z, c)
    cells = x[:, SHAPES[shape].globals :]
    assert torch.equal(hits.dense(cells.shape[1]), cells)
