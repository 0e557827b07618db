"""A law with everything in it, on a small grid, and showers that go through it askew."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from heitler.detectors import VoxelGrid
from heitler.models import CompoundHits, ShowerShape, draw

LAYERS, SIDE, PITCH = 7, 11, 5.0


def model_of(phases):
    """A model whose buffers are random numbers of sensible size."""
    torch.manual_seed(1)
    geometry = VoxelGrid(SIDE, SIDE, (PITCH, PITCH), layer_z=[8.0 * n for n in range(LAYERS)])
    columns = {"energy": slice(0, 1), "axis": slice(1, 5)}
    shape = ShowerShape(geometry.layer_sizes, 0, 5, columns, geometry.cell_centres)
    model = CompoundHits(shape, phases=phases, hidden=(8, 8), rank=3, prior=(8,))
    radius = model.stencil.radius.float().expand(LAYERS, -1)
    state = model.state_dict()
    start = torch.stack([1.2 - 0.7 * radius, 0.3 - 0.5 * radius, -2.5 + 0.1 * radius], 1)
    state["cells.bias"] = start.reshape(state["cells.bias"].shape)
    for name, size in {"tune": 0.1, "variance": 0.1, "cells.basis": 0.3}.items():
        noise = torch.randn(state[name].shape, dtype=state[name].dtype)
        state[name] = size * (noise.abs() if name == "variance" else noise)
    for name in ("factor_0", "factor_1", "factor_2"):
        state[name] = 0.15 * torch.randn(state[name].shape, dtype=state[name].dtype)
    lowest = {"stencil.weight": 0.5, "lift": 0.8, "fertility": 0.8, "share": 0.6, "spread": 0.7}
    for name, low in lowest.items():
        state[name] = low + 0.4 * torch.rand(state[name].shape, dtype=state[name].dtype)
    state["table"] = state["table"] * (0.8 + 0.4 * torch.rand(len(state["table"]), 1))
    kappa = torch.rand(state["kappa"].shape, dtype=torch.float64) ** 6
    kappa[6, 6] = 0.0
    state["kappa"] = 0.5 * kappa / kappa.sum()
    state["settings"] = torch.tensor([0.5, 0.8, 1.1], dtype=torch.float64)
    state["centre"][0, :3] = torch.tensor([5.0, (LAYERS - 1) / 2, 0.7])
    state["centre"][1:, :3] = torch.tensor([[0.3, 0.2, 0.01], [0.02, -0.05, 0.01]])
    state["scale"] *= 0.03
    model.load_state_dict(state)
    return model.eval()


def showers_of(model, count, seed=3):
    """Law and prescription of showers whose axes go anywhere near the middle."""
    generator = torch.Generator().manual_seed(seed)
    c = torch.randn(count, 5, generator=generator)
    c[:, 1:3] = PITCH * (SIDE / 2 + 2.0 * c[:, 1:3]) + float(model.shape.centres[0, 0])
    c[:, 3:5] *= 0.3
    todo = model.prescribe(draw(model.noise, count, (seed,)), c)
    return model.law, todo


def by_shower(drawn):
    """Cells and energies of each shower, in the order of cells."""
    for start, stop in zip(drawn.offsets[:-1], drawn.offsets[1:], strict=True):
        order = np.argsort(drawn.cells[start:stop], kind="stable")
        yield drawn.cells[start:stop][order], drawn.energies[start:stop][order]


def moments(law, todo, drawn):
    """Visible energy, mean layer and its standard deviation, mean squared distance, (N, 4)."""
    per_layer = law.rows * law.columns
    rows = []
    for n, (cells, energies) in enumerate(by_shower(drawn)):
        e, layer = energies.astype(float), cells // per_layer
        y, x = np.divmod(cells % per_layer, law.columns)
        middle = law.middle[todo.phase[n, layer]]
        square = (y - todo.y[n, layer] - middle[:, 0]) ** 2
        square = square + (x - todo.x[n, layer] - middle[:, 1]) ** 2
        mean, total = (e * layer).sum() / e.sum(), e.sum()
        width = np.sqrt((e * (layer - mean) ** 2).sum() / total)
        rows.append([total, mean, width, (e * square).sum() / total])
    return np.array(rows)


def plain(law, todo):
    """The same without clusters, field, damping and more points than the rate."""
    settings = law.settings.copy()
    settings[1:3] = 0.0
    law = law._replace(
        settings=settings,
        share=np.ones_like(law.share),
        variance=np.zeros_like(law.variance),
        child_number=np.ones_like(law.child_number),
        spread=np.full_like(law.spread, 1e9),
    )
    return law, todo._replace(field=np.zeros_like(todo.field))


class Toys:
    """What the tests of this folder share."""

    plain = staticmethod(plain)

    model_of = staticmethod(model_of)
    showers_of = staticmethod(showers_of)
    by_shower = staticmethod(by_shower)
    moments = staticmethod(moments)


@pytest.fixture(scope="session")
def toys():
    return Toys


@pytest.fixture(scope="session", params=[(1, 1), (2, 3)], ids=["one phase", "six phases"])
def toy(request):
    """Law and prescription of 300 showers."""
    return showers_of(model_of(request.param), 300)
