"""`heitler simulate` with several workers: kill -9 of a worker and of the command itself."""

from __future__ import annotations

import signal
import time

import psutil
import pytest
import torch

from heitler.cli import main
from heitler.formats import open_showers

DETECTOR = """
name: sandwich
description: Lead and silicon.
hit_threshold: 0.1
stack:
  - repeat: 12
    slabs:
      - {material: lead, thickness: 4.0}
      - {material: silicon, thickness: 1.0, active: true}
geometry: {type: VoxelGrid, rows: 4, columns: 6, cell: [20.0, 10.0]}
"""


def wait_until(ready, process):
    deadline = time.monotonic() + 120
    while not ready() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() is None, process.communicate()
    assert ready()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("simulator", "energy"),
    [("gflash", "60GeV"), pytest.param("geant4", "2GeV", marks=pytest.mark.geant4)],
)
def test_a_killed_worker_and_a_killed_command(
    simulator, energy, request, program, tmp_path, monkeypatch
):
    detector = tmp_path / "sandwich.yaml"
    detector.write_text(DETECTOR)
    if simulator == "geant4":
        data = request.getfixturevalue("geant4_data")
        monkeypatch.setenv("HEITLER_GEANT4_DATA", str(data))
    words = ["simulate", "--simulator", simulator, "--detector", detector, "--energy", energy]
    words = [*map(str, words), "-n", "1800", "--seed", "5"]
    out, whole = str(tmp_path / "out.h5"), str(tmp_path / "whole.h5")
    blocks = tmp_path / "out.h5.blocks"

    def files():
        return {path.name for path in blocks.glob("0*.h5")}

    process = program(*words, "--workers", "2", "-o", out)
    wait_until(files, process)
    family = psutil.Process(process.pid).children(recursive=True)
    workers = [child for child in family if "spawn_main" in " ".join(child.cmdline())]
    assert len(workers) == 2
    seen = files()
    workers[0].kill()
    wait_until(lambda: files() - seen, process)
    process.kill()
    _, errors = process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "out.h5").exists()
    assert "Traceback" not in errors, errors
    _, alive = psutil.wait_procs(family, timeout=20)
    assert alive == []  # workers and their Geant4 end with the command
    assert main([*words, "-o", out]) == 0
    assert not blocks.exists()
    assert main([*words, "-o", whole]) == 0
    with open_showers(out) as one, open_showers(whole) as other:
        assert len(one) == len(other) == 1800
        assert torch.equal(one.particles.energy, other.particles.energy)
        for name in ("offsets", "cells", "energies"):
            first, second = (f.read_sparse(0, 1800).hits for f in (one, other))
            assert torch.equal(getattr(first, name), getattr(second, name)), name


@pytest.mark.slow
def test_interrupted_workers_are_silent(program, tmp_path):
    detector = tmp_path / "sandwich.yaml"
    detector.write_text(DETECTOR)
    words = ["--simulator", "gflash", "--detector", detector, "--energy", "60GeV", "-n", 300_000]
    process = program("simulate", *words, "--workers", 2, "-o", tmp_path / "out.h5")
    blocks = tmp_path / "out.h5.blocks"
    wait_until(lambda: list(blocks.glob("0*.h5")), process)
    family = psutil.Process(process.pid).children(recursive=True)
    for one in (process, *family):  # as a terminal does
        one.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors == "heitler simulate: interrupted\n"
