"""Chains: links one after the other, in one folder, as one simulator."""

from __future__ import annotations

import pytest
import torch

from heitler.formats import read_table, write_table
from heitler.simulators import NeuralTable, StackedSimulator, TrackGun
from heitler.tables import Column, Table
from heitler.tracks import Tracks
from heitler.training import train, train_stack

NAMES = ("seen", "light", "sum")


def simulated(tracks, seed=1):
    """Half of the tracks are seen; light is normal, the sum is light plus a small error."""
    generator = torch.Generator().manual_seed(seed)
    light, error = torch.randn(2, len(tracks), generator=generator, dtype=torch.float64)
    seen = (tracks.momentum > 14e3).double()
    columns = tuple(Column(name, name) for name in NAMES)
    return Table(columns, torch.stack([seen, light * seen, (light + 0.1 * error) * seen], dim=1))


def link(name, conditions, model, stages, **more):
    return {
        "name": name,
        "columns": [name],
        "conditioning": conditions,
        "preprocessing": [],
        "model": {"class_path": f"heitler.models.{model}", "init_args": {"width": 16}},
        "training": {"batch_size": 100, "checkpoint_seconds": 1e9, "stages": stages},
        **more,
    }


def settings(file):
    fast = {"epochs": 6, "learning_rate": 0.01, "weight_decay": 0.0}
    slow = {"epochs": 1, "learning_rate": 1e-4}
    gan = {"likelihood": {**fast, "epochs": 10}, "critic": slow, "adversarial": slow}
    track = [{"class_path": "heitler.preprocessing.LogMomentum"}]
    told = {"class_path": "heitler.preprocessing.Measured", "init_args": {"columns": ["light"]}}
    return {
        "data": {"file": str(file), "test": 100, "validation": 100},
        "links": [
            link("seen", track, "Bernoulli", {"likelihood": fast}, gate=True),
            link("light", track, "RichGAN", gan),
            link("sum", [told], "RichGAN", gan),
        ],
    }


@pytest.fixture(scope="module")
def tracks():
    return Tracks.concatenate([TrackGun().shoot(block, 1000, seed=1) for block in range(2)])


@pytest.fixture(scope="module")
def chain(tracks, tmp_path_factory):
    folder = tmp_path_factory.mktemp("chain")
    write_table(folder / "t.h5", tracks.table().beside(simulated(tracks)))
    return train_stack(settings(folder / "t.h5"), folder / "run", progress=False)


def test_a_chain_follows_its_links(chain, tracks):
    stack = StackedSimulator.load(chain)
    assert [link.name for link in stack.links] == list(NAMES)
    table = stack.simulate(tracks, seed=2)
    assert table.names == NAMES
    assert table.columns == stack.columns
    seen = table.column("seen") == 1
    # Zeros behind the gate, and the gate is where the tracks are fast.
    assert bool((table.values[~seen] == 0).all())
    assert float((seen == (tracks.momentum > 14e3)).double().mean()) > 0.95
    # The last link was told what the link before it made, not what the table had.
    made = table[seen].select(["light", "sum"]).values.T
    assert float(torch.corrcoef(made)[0, 1]) > 0.95


def test_a_chain_is_a_function_of_tracks_and_seed(chain, tracks):
    stack, again = StackedSimulator.load(chain), StackedSimulator.load(chain)
    table = stack.simulate(tracks, seed=2)
    assert torch.equal(again.simulate(tracks, seed=2).values, table.values)
    assert not torch.equal(stack.simulate(tracks, seed=3).values, table.values)
    assert len(stack.simulate(tracks[:0], seed=2)) == 0


def test_training_never_sees_what_is_held_out(chain, tracks):
    kept = read_table(chain / "held_out.h5")
    assert len(kept) == 100
    light = NeuralTable.load(chain / "light")
    rows = light.card.data["train"] + light.card.data["validation"] + light.card.data["test"]
    fast = int((tracks.momentum > 14e3).sum())
    assert rows == fast - int((kept.column("seen") == 1).sum())
    assert sorted(path.name for path in chain.iterdir()) == [
        "held_out.h5", "light", "seen", "stack.json", "sum",
    ]  # fmt: skip


def test_tracks_outside_of_the_training_are_refused(chain):
    beyond = Tracks([211], [3e5], [3.0], [50])
    with pytest.raises(ValueError, match="momentum of 2000 to 100000 MeV"):
        StackedSimulator.load(chain).simulate(beyond, seed=1)
    assert len(StackedSimulator.load(chain, extrapolate=True).simulate(beyond, seed=1)) == 1


def test_a_link_needs_what_it_is_told(chain, tracks):
    with pytest.raises(ValueError, match="is told light of each track"):
        NeuralTable.load(chain / "sum", extrapolate=True).simulate(tracks[:5], seed=1)


def test_a_folder_without_a_chain_is_refused(chain):
    with pytest.raises(ValueError, match=r"holds no stack\.json"):
        StackedSimulator.load(chain / "seen")
    with pytest.raises(ValueError, match="needs links of different names"):
        StackedSimulator([])


def test_the_data_must_have_what_is_known(chain, tracks, tmp_path):
    write_table(tmp_path / "t.h5", tracks.table().beside(simulated(tracks)))
    experiment = settings(tmp_path / "t.h5")["links"][2]
    del experiment["name"], experiment["columns"]
    experiment["data"] = {"file": str(tmp_path / "t.h5"), "columns": ["sum"], "known": ["sound"]}
    with pytest.raises(ValueError, match=r"data\.known: .* has no tracks with sound"):
        train(experiment, tmp_path / "run", progress=False)
