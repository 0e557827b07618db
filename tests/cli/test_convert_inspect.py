"""`heitler convert` and `heitler inspect`, end to end."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from heitler.cli import main
from heitler.detectors import load_detector
from heitler.formats import CONVENTIONS, create_showers, open_showers


@pytest.fixture
def source(toy_showers, tmp_path):
    """A getting_high file as others write it: 4 showers of the ild_ecal."""
    showers = toy_showers(load_detector("ild_ecal"), 4)
    with h5py.File(tmp_path / "in.h5", "w") as file:
        file["30x30/layers"] = showers.grid.numpy()
        energy = (showers.particles.energy.numpy()[:, None] / 1000).astype("float32")
        file["30x30/energy"] = energy
        file.attrs["simulation"] = "by hand"
    return tmp_path / "in.h5"


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def fails(capsys, *words):
    """The one line on standard error of a command that must end with exit code 2."""
    assert main([str(word) for word in words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    return captured.err


@pytest.mark.parametrize("to", [name for name, entry in CONVENTIONS.items() if entry.writer])
def test_to_every_convention_and_back(to, source, tmp_path, capsys):
    middle, back = tmp_path / "new" / "middle.h5", tmp_path / "back.h5"
    assert main(["convert", str(source), str(middle), "--to", to]) == 0
    assert main(["convert", str(middle), str(back), "--to", "getting_high"]) == 0
    captured = capsys.readouterr()
    assert f"getting_high -> {to}" in captured.out
    assert captured.err == ""
    with h5py.File(source) as one, h5py.File(back) as other:
        assert np.array_equal(one["30x30/energy"], other["30x30/energy"])
        np.testing.assert_allclose(one["30x30/layers"], other["30x30/layers"], rtol=2e-7)
        assert other.attrs["simulation"] == "by hand"


def test_inspect_prints_the_facts(source, capsys):
    assert main(["inspect", str(source)]) == 0
    text = capsys.readouterr().out
    for fact in ("getting_high", "ild_ecal", "30 x 30 x 30", "GeV", "simulation", "by hand"):
        assert fact in text
    assert main(["inspect", str(source), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["showers"] == 4


def test_inspect_of_a_run_directory(tmp_path, capsys):
    card = {"model": {"name": "vae", "losses": [0.5, 1.0]}, "steps": [{"of": 1}, {"of": 2}]}
    (tmp_path / "card.json").write_text(json.dumps(card))
    assert main(["inspect", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "  losses  0.5, 1" in text
    assert "steps\n  of 1\n  of 2" in text


def test_a_binning_gives_detector_and_particle(tmp_path, capsys):
    layer = '<Layer id="0" r_edges="0,1,2" n_bin_alpha="2"/>'
    xml = f'<Bins><Bin pid="211" name="pion">{layer}</Bin></Bins>'
    (tmp_path / "b.xml").write_text(xml)
    with h5py.File(tmp_path / "in.h5", "w") as file:
        file["showers"], file["incident_energies"] = np.ones((3, 4)), np.ones((3, 1))
    words = [str(tmp_path / "in.h5"), str(tmp_path / "out.h5"), "--to", "native"]
    assert main(["convert", *words, "--binning", str(tmp_path / "b.xml")]) == 0
    with open_showers(tmp_path / "out.h5") as reader:
        assert reader.particles.pdg.tolist() == [211] * 3
        assert reader.detector.geometry.grid_shape == (1, 2, 2)
    capsys.readouterr()
    assert "no detector of the catalogue" in fails(capsys, "convert", *words)


def test_a_particle_may_be_named(source, tmp_path, capsys):
    for particle, code in (("positron", -11), ("13", 13)):
        words = ["convert", source, tmp_path / "out.h5", "--to", "native", "--particle", particle]
        assert main([str(word) for word in words]) == 0
        with open_showers(tmp_path / "out.h5") as reader:
            assert reader.particles.pdg.unique().tolist() == [code]
    capsys.readouterr()
    words = ["convert", source, tmp_path / "x.h5", "--to", "native", "--particle", "graviton"]
    assert "unknown particle 'graviton'" in fails(capsys, *words)


def truncate(path):
    path.write_bytes(path.read_bytes()[:4000])


def drop_grid(path):
    with h5py.File(path, "a") as file:
        file["7x7/layers"] = np.zeros((4, 3, 7, 7), dtype=np.float32)
        file["7x7/energy"] = np.ones((4, 1), dtype=np.float32)
        del file["30x30"]


def set_value(key, value):
    def change(path):
        with h5py.File(path, "a") as file:
            data = file[key]
            data[(2, *[0] * (data.ndim - 1))] = value

    return change


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (truncate, "truncated"),
        (drop_grid, "3 x 7 x 7 cells"),
        (set_value("30x30/layers", np.nan), "got nan MeV"),
        (set_value("30x30/layers", -0.5), "got -0.5 MeV"),
        (set_value("30x30/energy", -3.0), "got -3000.0 MeV"),
        (Path.unlink, "is neither a file nor a packaged sample"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing_behind(spoil, message, source, tmp_path, capsys):
    spoil(source)
    error = fails(capsys, "convert", source, tmp_path / "new" / "out.h5", "--to", "native")
    assert message in error
    assert str(source) in error
    assert set(names(tmp_path)) <= {"in.h5"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--detector", "ild_ekal"], "unknown detector 'ild_ekal'; did you mean 'ild_ecal'?"),
        (["--detector", "clic_ecal"], "detector clic_ecal has 25 x 25 x 25; say which"),
        (["--from", "threedgan"], "not a threedgan file"),
        (["--from", "nonsense"], "invalid choice: 'nonsense'"),
        (["--to", "nonsense"], "invalid choice: 'nonsense'"),
        (["--binning", "missing.xml"], "missing.xml"),
        (["--binning", "b.xml", "--detector", "clic_ecal"], "not allowed with"),
    ],
)
def test_wrong_options_are_one_line(options, message, source, tmp_path, capsys):
    words = ["convert", source, tmp_path / "out.h5", "--to", "native", *options]
    assert message in fails(capsys, *words)
    assert names(tmp_path) == ["in.h5"]


def test_a_folder_that_is_not_writable(source, tmp_path, capsys):
    for target in (source / "out.h5", "/proc/deeper/out.h5"):
        error = fails(capsys, "convert", source, target, "--to", "native")
        assert "is not a writable folder" in error
        assert str(target) in error
    assert names(tmp_path) == ["in.h5"]


def test_inspect_of_what_is_nothing(tmp_path, capsys):
    (tmp_path / "text").write_text("text")
    assert "is not an HDF5 file" in fails(capsys, "inspect", tmp_path / "text")
    assert "is neither a file nor a packaged sample" in fails(
        capsys, "inspect", tmp_path / "nothing"
    )
    assert "card.json" in fails(capsys, "inspect", tmp_path)


def test_a_killed_conversion_leaves_no_file_and_can_be_repeated(toy_showers, tmp_path):
    showers = toy_showers(load_detector("ild_ecal"), 300)
    source, target, part = (tmp_path / name for name in ("in.h5", "out.h5", ".out.h5.part"))
    with create_showers(source, showers.detector, convention="getting_high") as writer:
        writer.write(showers)
    words = ["convert", str(source), str(target), "--to", "native"]
    command = [sys.executable, "-c", "import sys; from heitler.cli import main; sys.exit(main())"]
    process = subprocess.Popen([*command, *words], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not part.exists() and time.monotonic() < deadline:
        time.sleep(0.001)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert part.exists()
    assert not target.exists()
    assert main(words) == 0
    assert names(tmp_path) == ["in.h5", "out.h5"]
    with open_showers(target) as reader:
        assert torch.equal(reader.read(0, 300).deposits, showers.deposits)
