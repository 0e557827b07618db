"""FPD and KPD of seeded normal features by JetNet 0.2.5, for tests/reference/test_jetnet.py.

    python -m venv jetnet && jetnet/bin/pip install torch==2.13.0 jetnet==0.2.5
    jetnet/bin/python benchmarks/jetnet_oracle.py > tests/reference/jetnet.json

JetNet needs an environment of its own: it brings a hundred packages. One of them, `wasserstein`
1.0.1, is compiled for numpy 1 and cannot be imported beside the numpy 2 that others need. FPD and
KPD do not use it, so an empty module stands in its place.
"""

from __future__ import annotations

import json
import sys
import warnings
from importlib.metadata import version
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

CASES = {
    "equal": {"seed": 1, "shift": 0.0, "width": 1.0, "tilt": 0.0},
    "shifted": {"seed": 2, "shift": 0.1, "width": 1.0, "tilt": 0.0},
    "widened": {"seed": 3, "shift": 0.0, "width": 1.2, "tilt": 0.0},
    "correlated": {"seed": 4, "shift": 0.0, "width": 1.0, "tilt": 0.5},
}
SIZE, FEATURES = 6000, 6
SMALLEST, LARGEST, BATCH = 2000, 5000, 1000


def features(
    seed: int, shift: float, width: float, tilt: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Normal features of very different scales; the second sample is distorted in three ways."""
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(2, SIZE, FEATURES))
    second[:, 1] += tilt * second[:, 0]
    scale = 10.0 ** np.arange(-2, FEATURES - 2)
    return first * scale, (second * width + shift) * scale


def main() -> None:
    """Prints the values of all cases as JSON."""
    sys.modules["wasserstein"] = ModuleType("wasserstein")
    from jetnet.evaluation import fpd, kpd  # type: ignore[import-not-found]  # noqa: PLC0415

    values = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it recommends 50 000 showers; scipy is newer than it
        for name, case in CASES.items():
            pair = features(**case)
            seed = case["seed"]
            values[name] = {
                **case,
                "fpd": fpd(*pair, min_samples=SMALLEST, max_samples=LARGEST, seed=seed),
                "kpd": kpd(*pair, batch_size=BATCH, seed=seed),
            }
    versions = {package: version(package) for package in ("jetnet", "numpy", "scipy")}
    sizes = {"smallest": SMALLEST, "largest": LARGEST, "batch": BATCH}
    print(json.dumps({"versions": versions, **sizes, "cases": values}, indent=1))


if __name__ == "__main__":
    main()
