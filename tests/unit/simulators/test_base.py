"""Any simulator makes showers in either form."""

import torch

from heitler.simulators import Simulator, SparseSimulator, simulate_sparse


class Dense:
    """A simulator of dense showers."""

    def __init__(self, showers):
        self.detector, self.showers = showers.detector, showers

    def simulate(self, incident, *, seed):
        return self.showers[:seed]


class Sparse(Dense):
    """A simulator that makes lists of hits, and can do no other."""

    def simulate(self, incident, *, seed):
        raise NotImplementedError

    def simulate_sparse(self, incident, *, seed):
        return self.showers.sparse()[:seed]


def test_lists_of_hits_of_any_simulator(toy_showers):
    showers = toy_showers()
    dense, sparse = Dense(showers), Sparse(showers)
    assert isinstance(dense, Simulator)
    assert not isinstance(dense, SparseSimulator)
    assert isinstance(sparse, SparseSimulator)
    for simulator in (dense, sparse):
        made = simulate_sparse(simulator, showers.particles[:3], seed=3)
        assert torch.equal(made.dense().deposits, showers.deposits[:3])
        assert torch.equal(made.particles.energy, showers.particles.energy[:3])
