"""What an extension costs: the counts of files that the design promises.

A family is one class in one file and one configuration; a detector is one YAML file; an
observable is one decorated function; a format is one module and one entry.
"""

from __future__ import annotations

import gc
import json
import sys
from importlib import import_module

import pytest
import torch
import yaml

import heitler.validation
from heitler.cli import main
from heitler.detectors import load_detector
from heitler.formats import CONVENTIONS, create_showers, open_showers
from heitler.models import GenerativeModel
from heitler.observables import OBSERVABLES, observable
from heitler.simulators import NeuralSimulator

FAMILY = '''
"""Cells are the exponential of a linear map of noise and condition."""

import torch

from heitler.models import GenerativeModel, Noise, Phase, ShowerShape, Stage


class Lognormal(GenerativeModel):
    """Independent lognormal cells."""

    stages = (Stage("fit", (Phase("likelihood", ("level",)),), select="loss"),)

    def __init__(self, shape: ShowerShape, *, width: float = 0.3) -> None:
        super().__init__(shape)
        self.width = width
        self.noise = {"cells": Noise("normal", shape.cells)}
        self.training_noise = {}
        self.level = torch.nn.Linear(shape.conditions, shape.cells)

    def forward(self, z, c):
        cells = torch.exp(self.level(c) + self.width * z["cells"])
        return torch.cat([torch.zeros(len(c), self.shape.globals), cells], dim=1)

    def loss(self, x, c, z, *, phase):
        cells = x[:, self.shape.globals :].clamp(min=1e-3)
        loss = (self.level(c) - cells.log()).square().mean()
        return loss, {}
'''


@pytest.fixture
def on_path(tmp_path, monkeypatch):
    """A folder of a user from which Python imports; what it brought is forgotten."""
    folder = tmp_path / "mine"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in [path.stem for path in folder.glob("*.py")]:
        sys.modules.pop(name, None)
    gc.collect()


def run(*words):
    return main([str(word) for word in words])


@pytest.mark.parametrize("processed", [[], ["heitler.preprocessing.Response"]])
def test_a_family_is_one_file_and_one_configuration(
    processed, on_path, toy_settings, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(heitler.validation, "assess", lambda *_, **__: None)
    monkeypatch.setattr(heitler.validation, "digest", lambda *_: [])
    (on_path / "lognormal.py").write_text(FAMILY)
    settings = toy_settings(stages={"fit": {"epochs": 3}})
    settings["model"] = {"class_path": "lognormal.Lognormal", "init_args": {"width": 0.2}}
    settings["preprocessing"] = [{"class_path": name} for name in processed]
    (tmp_path / "lognormal.yaml").write_text(yaml.safe_dump(settings))
    assert run("train", tmp_path / "lognormal.yaml", "-o", tmp_path / "run") == 0
    words = ["--energy", "50GeV", "-n", 4, "-o", tmp_path / "out.h5"]
    assert run("generate", tmp_path / "run", *words) == 0
    assert NeuralSimulator.load(tmp_path / "run").card.family == "Lognormal"
    with open_showers(tmp_path / "out.h5") as reader:
        assert bool((reader.read(0, 4).deposits > 0).all())
    capsys.readouterr()
    assert run("list", "models") == 0
    assert "Lognormal" in capsys.readouterr().out
    # A misspelt setting of the new family is an error like any other.
    settings["model"]["init_args"] = {"widht": 0.2}
    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump(settings))
    assert run("train", tmp_path / "wrong.yaml", "-o", tmp_path / "wrong") == 2
    assert "widht" in capsys.readouterr().err


def test_nothing_is_left_of_the_family():
    gc.collect()
    kept = {family.__module__ for family in GenerativeModel.__subclasses__()}
    assert "lognormal" not in {name for name in kept if name in sys.modules}


DETECTOR = """
name: my_detector
description: Three layers of lead and scintillator.
hit_threshold: 0.5
stack:
  - repeat: 3
    slabs:
      - {material: lead, thickness: 5.0}
      - {material: plastic_scintillator, thickness: 5.0, active: true}
geometry: {type: VoxelGrid, rows: 2, columns: 4, cell: [20.0, 20.0]}
"""


def test_a_detector_is_one_file(toy_showers, toy_settings, tmp_path, capsys):
    """From a YAML file to showers that are written, read, converted, and trained on."""
    path = tmp_path / "my_detector.yaml"
    path.write_text(DETECTOR)
    detector = load_detector(str(path))
    showers = toy_showers(detector, 120)
    with create_showers(tmp_path / "a.h5", detector, convention="getting_high") as writer:
        writer.write(showers)
    words = [tmp_path / "a.h5", tmp_path / "b.h5", "--to", "native", "--detector", path]
    assert run("convert", *words) == 0
    capsys.readouterr()
    assert run("inspect", tmp_path / "b.h5", "--json") == 0
    assert "my_detector" in capsys.readouterr().out
    settings = toy_settings("wgan_gp", stages={"adversarial": {"epochs": 1}})
    settings["data"]["file"] = str(tmp_path / "b.h5")
    from heitler.training import train

    path.unlink()  # the run directory and the file of showers state the detector themselves
    folder = train(settings, tmp_path / "run", progress=False)
    generated = NeuralSimulator.load(folder).simulate(showers.particles[:3], seed=1)
    assert generated.grid.shape == (3, 3, 2, 4)
    assert generated.detector == detector


def test_a_detector_of_the_catalogue_is_one_file(tmp_path, monkeypatch, capsys):
    module = import_module("heitler.detectors.detector")
    (tmp_path / "my_detector.yaml").write_text(DETECTOR)
    monkeypatch.setattr(module, "_CATALOGUE", tmp_path)
    assert run("list", "detectors") == 0
    assert "Three layers of lead and scintillator." in capsys.readouterr().out
    module.load_detector.cache_clear()


def test_an_observable_is_one_function(toy_showers, tmp_path, capsys):
    try:

        @observable("energy of the brightest two cells", "MeV")
        def brightest_pair(showers):
            return showers.deposits.double().topk(2, dim=1).values.sum(dim=1)

        assert run("list", "observables") == 0
        assert "energy of the brightest two cells [MeV]" in capsys.readouterr().out
        files = []
        for seed in (1, 2):
            files.append(tmp_path / f"{seed}.h5")
            with create_showers(files[-1], toy_showers().detector) as writer:
                writer.write(toy_showers(count=200, seed=seed))
        report = tmp_path / "report"
        assert run("validate", *files, "-o", report, "--energy-bins", 1) == 0
        assert "brightest_pair" in (report / "metrics.json").read_text()
        assert "energy of the brightest two cells" in (report / "report.html").read_text()
    finally:
        OBSERVABLES.pop("brightest_pair", None)


def test_two_observables_of_one_name_are_refused():
    with pytest.raises(ValueError, match="there is an observable 'response' already"):

        @observable("another", "")
        def response(showers):
            return showers.deposits.sum(dim=1)


FORMAT = '''
"""Showers as one flat table: key `flat` (N, 1 + cells), incident energy first, all in MeV."""

import torch

from heitler.formats.base import Convention
from heitler.formats.hdf5 import append, growing
from heitler.formats.reading import HDF5Reader
from heitler.formats.writing import HDF5Writer


def sniff(file):
    return "flat" in file


class Reader(HDF5Reader):
    convention = "flat"

    def _count(self):
        return len(self._file["flat"])

    def _cells(self):
        return (self._file["flat"].shape[1] - 1,)

    def _read_particles(self):
        energy = torch.from_numpy(self._file["flat"][:, 0].astype("float64"))
        return self._beam(energy, pdg=self._one_pdg(22))

    def _read_deposits(self, start, stop):
        return self._file["flat"][start:stop, 1:]


class Writer(HDF5Writer):
    convention = "flat"

    def _create(self):
        self._table = growing(self._file, "flat", (1 + self.detector.geometry.cells,), "float32")

    def _append(self, showers):
        energy = showers.particles.energy.float()[:, None]
        append(self._table, torch.cat([energy, showers.deposits], dim=1).numpy())

    def _complete(self):
        pass


CONVENTION = Convention(
    name="flat",
    summary="one table",
    layout="key flat (N, 1 + cells)",
    units="MeV",
    sniff=sniff,
    reader=Reader,
    writer=Writer,
)
'''


def test_a_format_is_one_module_and_one_entry(on_path, toy_showers, tmp_path, monkeypatch, capsys):
    (on_path / "flat_format.py").write_text(FORMAT)
    monkeypatch.setitem(CONVENTIONS, "flat", import_module("flat_format").CONVENTION)
    showers = toy_showers(load_detector("calochallenge_ds1_photons"), 5)
    with create_showers(tmp_path / "a.h5", showers.detector) as writer:
        writer.write(showers)
    assert run("convert", tmp_path / "a.h5", tmp_path / "b.h5", "--to", "flat") == 0
    assert run("convert", tmp_path / "b.h5", tmp_path / "c.h5", "--to", "native") == 0
    with open_showers(tmp_path / "c.h5") as reader:
        assert torch.equal(reader.read(0, 5).deposits, showers.deposits)
    capsys.readouterr()
    assert run("inspect", tmp_path / "b.h5", "--json") == 0
    assert json.loads(capsys.readouterr().out)["convention"] == "flat"
    assert run("list", "formats") == 0
    assert "one table" in capsys.readouterr().out


def test_nothing_is_left_of_the_extensions():
    assert "flat" not in CONVENTIONS
    assert "brightest_pair" not in OBSERVABLES
