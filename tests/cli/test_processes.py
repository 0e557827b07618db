"""Two processes that share a training (gloo on the CPU) find the weights of one."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from heitler.simulators import NeuralSimulator

TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")


def finish(process):
    out, errors = process.communicate(timeout=180)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors, errors
    return out


def difference(one, other):
    """Largest difference of weights beyond rtol 1e-4, over atol 1e-5."""
    first, second = (load_file(folder / "model.safetensors") for folder in (one, other))
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, rtol=1e-4, atol=1e-5, msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["vae", "wgan_gp"])
def test_two_processes_train_as_one(family, toy_run, experiment, program, tmp_path):
    run = tmp_path / "run"
    out = finish(program("train", experiment(family), "-o", run, "--trainer.devices", 2))
    assert out.splitlines() == [str(run), "not assessed"]
    assert (tmp_path / "assessed").read_text() == f"{run}\n"
    difference(toy_run(family), run)
    assert NeuralSimulator.load(run).card.training["devices"] == 2
    assert (run / "metrics.csv").read_text().count("\n") == (
        (toy_run(family) / "metrics.csv").read_text().count("\n")
    )


@pytest.mark.slow
def test_processes_that_torchrun_starts(toy_run, experiment, program, tmp_path):
    run = tmp_path / "run"
    words = ["train", experiment(), "-o", run, "--trainer.devices", 2]
    out = finish(program(*words, launcher=TORCHRUN))
    assert out.splitlines() == [str(run), "not assessed"]
    difference(toy_run(), run)


def test_the_package_is_a_program():
    words = [sys.executable, "-m", "heitler", "list", "detectors"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "ild_ecal" in done.stdout
    assert done.stderr == ""
