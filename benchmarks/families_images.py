"""The families on scikit-learn's handwritten digits: a check that needs no physics.

Each image of 8 x 8 pixels is a shower in a detector of one layer, its class is the particle code,
and the same trainer trains the families for seconds. Judged are generated images of given classes
beside held-out ones: by the Frechet distance of the features of a small classifier that learnt the
digits of the training (Heusel et al. 2017, arXiv:1706.08500, with another network), and by how
often it sees the class that was asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

from heitler.detectors import parse_detector
from heitler.formats import create_showers, open_showers
from heitler.metrics.physics_distances import frechet_distance
from heitler.particles import IncidentParticles
from heitler.showers import Showers
from heitler.simulators import NeuralSimulator, read_yaml
from heitler.training import Split, read_rows
from heitler.validation.contest import trained

_EPOCHS, _SECONDS, _LOOKS = 200, 20.0, 20
"""Each stage: the same number of epochs, unless they take longer; epochs between two looks."""

_TEST, _VALIDATION = 600, 100
_CLASSES = list(range(1, 11))
"""Particle codes of the digits 0 to 9: a code is not 0."""

_INK = 16.0
_DETECTOR = {
    "name": "digits",
    "description": "Images of 8 x 8 pixels.",
    "hit_threshold": 0.5,
    "stack": [{"slabs": [{"material": "silicon", "thickness": 1.0, "active": True}]}],
    "geometry": {"type": "VoxelGrid", "rows": 8, "columns": 8, "cell": [1.0, 1.0]},
}

_Array = NDArray[np.float64]


def write_digits(path: Path) -> Path:
    """The images as a file of showers: ink of 0 to 16 MeV in each pixel."""
    found = load_digits()
    detector = parse_detector(_DETECTOR)
    labels = torch.from_numpy(found.target).long() + 1
    particles = IncidentParticles.beam([1e3] * len(labels), pdg=labels)
    images = torch.from_numpy(found.data).float()
    with create_showers(path, detector, provenance={"simulator": "digits"}) as writer:
        writer.write(Showers(images, particles, detector))
    return path


def settings(config: Path, data: Path) -> dict[str, Any]:
    """A family's configuration, told of the class, for some epochs of digits."""
    content = read_yaml(config)
    content["data"] = {"file": str(data), "test": _TEST, "validation": _VALIDATION}
    kind = {"class_path": "heitler.preprocessing.ParticleType", "init_args": {"codes": _CLASSES}}
    others = [each for each in content["conditioning"] if each["class_path"] != kind["class_path"]]
    content["conditioning"] = [*others, kind]
    content["training"]["physics_every"] = _LOOKS
    for stage in content["training"]["stages"].values():
        stage |= {"epochs": _EPOCHS, "max_seconds": _SECONDS}
    return content


class Judge:
    """A classifier of digits whose last hidden layer gives the features.

    Arguments:
        images: Of the training, (N, 64), up to 1.
        labels: Their classes, (N,).
    """

    def __init__(self, images: _Array, labels: _Array) -> None:
        self.network = MLPClassifier((64, 16), max_iter=500, random_state=1).fit(images, labels)

    def features(self, images: _Array) -> _Array:
        """Activations of the last hidden layer: (N, 16)."""
        layers = list(zip(self.network.coefs_, self.network.intercepts_, strict=True))
        for weight, bias in layers[:-1]:
            images = np.maximum(images @ weight + bias, 0.0)
        return images

    def scores(self, reference: _Array, images: _Array, labels: _Array) -> dict[str, float]:
        """Frechet distance to a reference, and the share of the class that was asked for."""
        distance = frechet_distance(self.features(reference), self.features(images))
        return {
            "frechet": float(distance),
            "right": float((self.network.predict(images) == labels).mean()),
        }


def images(configs: Mapping[str, Path], runs: Path) -> dict[str, Any]:
    """Scores of each family and of further images of the training: the floor."""
    runs.mkdir(parents=True, exist_ok=True)
    data = write_digits(runs / "digits.h5")
    with open_showers(data) as reader:
        split = Split.of(len(reader), test=_TEST, validation=_VALIDATION)
        known, held_out = (
            Showers.concatenate(list(read_rows(reader, rows)))
            for rows in (split.train, split.test)
        )
    judge = Judge(_pixels(known), known.particles.pdg.numpy())
    reference = _pixels(held_out)
    asked = known.particles[: len(held_out)]
    floor = judge.scores(reference, _pixels(known)[: len(asked)], asked.pdg.numpy())
    held = judge.scores(reference, reference, held_out.particles.pdg.numpy())
    found: dict[str, Any] = {
        "floor": floor, "held out right": held["right"], "epochs": _EPOCHS, "seconds": _SECONDS,
        "training": len(known), "test": len(held_out), "families": {},
    }  # fmt: skip
    for name, config in configs.items():
        try:
            simulator = _trained(runs / name, settings(config, data))
        except (ValueError, RuntimeError) as error:
            found["families"][name] = {"refused": str(error).split("\n")[0]}
            continue
        made = simulator.simulate(asked, seed=1)
        found["families"][name] = judge.scores(reference, _pixels(made), asked.pdg.numpy())
        print(f"images, {name}: {json.dumps(found['families'][name])}", flush=True)
    return found


def _trained(folder: Path, content: dict[str, Any]) -> NeuralSimulator:
    config = folder.with_suffix(".yaml")
    config.write_text(yaml.safe_dump(content))
    return NeuralSimulator.load(trained(config, folder, progress=False))


def _pixels(showers: Showers) -> _Array:
    return np.asarray(showers.deposits.double().numpy().clip(0, 2 * _INK) / _INK)
