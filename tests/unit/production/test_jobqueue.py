"""Batch systems: the job scripts that the programs of the how-to page give."""

import re
import signal
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "simulate-on-a-cluster.md"
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def job_script(batch_system, capsys):
    """What the page's program prints; no job is submitted."""
    handler = signal.getsignal(signal.SIGINT)
    pytest.importorskip("dask_jobqueue")
    signal.signal(signal.SIGINT, handler)  # its import takes Ctrl-C for itself
    (program,) = [text for text in PROGRAMS if f"import {batch_system}" in text]
    names = {}
    exec(compile(program, PAGE.name, "exec"), names)  # noqa: S102 (the page's own)
    cluster = names["cluster"]
    address = cluster.scheduler_address
    cluster.close()
    return capsys.readouterr().out, address


def worker(address):
    return (
        rf"{re.escape(sys.executable)} -m distributed\.cli\.dask_worker {re.escape(address)} "
        r".*--nthreads 1 .*--nanny .*--lifetime 7h --lifetime-stagger 30m"
    )


def test_slurm(capsys):
    script, address = job_script("SLURMCluster", capsys)
    assert script.startswith("#!/usr/bin/env bash\n")
    for line in (
        "#SBATCH -p standard",
        "#SBATCH -n 1",
        "#SBATCH --cpus-per-task=1",
        "#SBATCH --mem=2G",
        "#SBATCH -t 08:00:00",
        "export HEITLER_GEANT4_DATA=$HOME/geant4-data",
    ):
        assert line in script.splitlines()
    assert re.search(rf"^{worker(address)}", script, re.MULTILINE)


def test_htcondor(capsys):
    script, address = job_script("HTCondorCluster", capsys)
    lines = script.splitlines()
    for line in (
        "MY.DaskWorkerCores = 1",
        "MY.DaskWorkerMemory = 2000000000",
        "MY.DaskWorkerDisk = 1000000000",
        "Executable = /bin/sh",
        "Queue",
    ):
        assert line in lines
    (words,) = [line for line in lines if line.startswith("Arguments = ")]
    assert "export HEITLER_GEANT4_DATA=/data/geant4-data; " in words
    assert re.search(worker(address), words)


def test_the_work_is_a_program():
    """The names that the page's last program uses are there."""
    program = PROGRAMS[-1]
    assert "workers=cluster.scheduler_address" in program
    imports = "\n".join(line for line in program.splitlines() if line.startswith("from "))
    exec(compile(imports, PAGE.name, "exec"), {})  # noqa: S102
    for name in re.findall(r"`(recipes\.\w+)`", PAGE.read_text()):
        assert hasattr(__import__("heitler.simulators.recipes").simulators.recipes, name[8:])
