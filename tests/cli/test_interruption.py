"""kill -9 in the middle of a training or a generation, and the same command again."""

from __future__ import annotations

import os
import signal
import time

import pytest
import torch
from safetensors.torch import load_file

from heitler.cli import main
from heitler.formats import open_showers

LONG = {"autoencoder": {"epochs": 30}, "prior": {"epochs": 10}}


def kill_when(process, ready):
    """Kills a process when a condition holds; the process must not be over by then."""
    deadline = time.monotonic() + 90
    while not ready() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    _, errors = process.communicate()
    assert process.returncode == -signal.SIGKILL, errors


@pytest.mark.slow
@pytest.mark.usefixtures("unassessed")
def test_a_killed_training_goes_on_to_the_same_weights(experiment, program, tmp_path):
    settings = experiment(stages=LONG)
    run, whole = tmp_path / "run", tmp_path / "whole"

    def epochs():
        metrics = run / "metrics.csv"
        lines = metrics.read_text().splitlines()[1:] if metrics.exists() else []
        return int(lines[-1].split(",")[0]) if lines else -1

    kill_when(program("train", settings, "-o", run), lambda: epochs() >= 3)
    reached = epochs()
    assert 3 <= reached < 39
    assert not (run / "card.json").exists()
    assert not (run / "model.safetensors").exists()
    assert main(["train", "--resume", str(run)]) == 0
    assert main(["train", str(settings), "-o", str(whole)]) == 0
    assert sorted(p.name for p in run.iterdir() if p.name[0] != ".") == sorted(
        p.name for p in whole.iterdir()
    )
    resumed, expected = (load_file(f / "model.safetensors") for f in (run, whole))
    for name, value in expected.items():
        assert torch.equal(resumed[name], value), name


@pytest.mark.slow
def test_a_killed_generation_goes_on_to_the_same_file(toy_run, program, tmp_path, capsys):
    words = ["generate", toy_run(), "--energy", "20..90GeV", "-n", 20_000, "--seed", 3]
    out, blocks = tmp_path / "out.h5", tmp_path / "out.h5.blocks"
    kill_when(
        program(*words, "-o", out),
        lambda: blocks.exists() and len(os.listdir(blocks)) > 2,  # noqa: PTH208 (may vanish)
    )
    assert not out.exists()
    finished = sorted(p.name for p in blocks.glob("0*.h5"))
    assert 1 <= len(finished) < 20
    other = ["generate", toy_run(), "--energy", "20GeV", "-n", 20_000, "-o", out]
    assert main([str(word) for word in other]) == 2
    error = capsys.readouterr().err
    assert "unfinished showers of another request" in error
    assert error.count("\n") == 1
    stamp = (blocks / finished[0]).stat().st_mtime_ns
    again = program(*words, "-o", out)
    while again.poll() is None and (blocks / finished[0]).exists():
        assert _stamp(blocks / finished[0]) in {stamp, None}
        time.sleep(0.05)
    _, errors = again.communicate()
    assert again.returncode == 0, errors
    assert errors == ""
    assert not blocks.exists()
    assert main([str(word) for word in [*words, "-o", tmp_path / "whole.h5"]]) == 0
    with open_showers(out) as one, open_showers(tmp_path / "whole.h5") as other:
        assert len(one) == len(other) == 20_000
        assert one.provenance == other.provenance
        for resumed, expected in zip(one.batches(4000), other.batches(4000), strict=True):
            assert torch.equal(resumed.deposits, expected.deposits)
            assert torch.equal(resumed.particles.energy, expected.particles.energy)


def _stamp(path):
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None
