"""FPD and KPD against JetNet 0.2.5, whose values benchmarks/jetnet_oracle.py made."""

import json
from importlib import import_module
from pathlib import Path

import pytest

from heitler.metrics import (
    frechet_physics_distance,
    kernel_physics_distance,
    physics_distances,
)
from heitler.metrics.physics_distances import extrapolated

HERE = Path(__file__).parent
ORACLE = json.loads((HERE / "jetnet.json").read_text())


@pytest.mark.parametrize("name", ORACLE["cases"])
def test_jetnet_agrees(name, monkeypatch):
    monkeypatch.syspath_prepend(str(HERE.parents[1] / "benchmarks"))
    fits = []
    monkeypatch.setattr(
        physics_distances, "extrapolated", lambda *of: fits.append(extrapolated(*of)) or fits[-1]
    )
    case = dict(ORACLE["cases"][name])
    fpd, kpd = case.pop("fpd"), case.pop("kpd")
    pair = import_module("jetnet_oracle").features(**case)
    sizes = {key: ORACLE[key] for key in ("smallest", "largest")}
    estimate = frechet_physics_distance(*pair, seed=case["seed"], **sizes)
    assert [estimate.value, fits[0].error] == pytest.approx(fpd, rel=1e-6)
    assert estimate.error > fpd[1]
    estimate = kernel_physics_distance(*pair, seed=case["seed"], batch=ORACLE["batch"])
    assert [estimate.value, estimate.error] == pytest.approx(kpd, rel=1e-6)
