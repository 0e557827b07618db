"""Section 3: how fast the compound-hit model is, stage by stage, beside floors and fidelity."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from multiprocessing.synchronize import Barrier
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch

from compound_hits_clock import stages
from compound_hits_fidelity import AUC_METRICS, Line, headline, verdict
from compound_hits_stages import sampler_stages
from compound_hits_study import CASES, TIMED, Case, Study, say
from full_simulation import cpu_seconds, even_particles
from heitler.deployment import time_simulator
from heitler.formats import open_showers
from heitler.models import draw
from heitler.simulators import BLOCK, NeuralSimulator, ParticleGun
from results import table

BATCHES = (1, 100, 1000)
_ILD = {"dense": 60.0, "sparse": 45.0, "batch 1": 300.0}
"""Most microseconds of a shower in `ild_ecal`."""

_SECONDS = 4.0
"""Length of a count of showers by one or two processes."""

_DOUBLED = 1.9
"""From this ratio on, two processes count as twice as fast as one."""

_COUNTS = ("one", "two", "spin_one", "spin_two")
_ROUNDS = 3
_STREAMED = (10_000, 1_000_000)
_LOOKUPS = 1300
_BEFORE = "ild_ecal"
"""Where stages are compared with earlier ones, and memory is measured."""


INTRODUCTION = """\
Particles in, checked showers in MeV out, on one thread; energies and angles uniform over the
training range; the first call is left out. Microseconds per shower: wall is the median over calls,
CPU the processor time. Other work on the machine changes it too, through shared caches and
clocks: repeated counts differed by a quarter. It is compared with the CPU time of Geant4 in the
same run, for particles at even steps over the same range, half of them before and half after the
model is timed; the time that the Geant4 file records, of another processor, stands beside it.
Every table states the fidelity of the same model beside its floor: a speed means nothing without
it."""


def _sampler(simulator: NeuralSimulator, gun: ParticleGun) -> dict[str, float]:
    """Steps of the sampler for the showers of a block."""
    model: Any = simulator.model
    with torch.inference_mode():
        conditions = simulator.conditioning(gun.shoot(0, BLOCK, seed=1))
        todo = model.prescribe(draw(model.noise, BLOCK, (1,)), conditions)
        return sampler_stages(model.law, todo)


def memory(simulator: NeuralSimulator, gun: ParticleGun) -> dict[str, float]:
    """Most memory in MB of this process after some numbers of sparse showers, block by block."""
    peaks, made = {}, 0
    for goal in _STREAMED:
        while made < goal:
            simulator.simulate_sparse(gun.shoot(made // BLOCK, BLOCK, seed=1), seed=made)
            made += BLOCK
        peaks[f"{goal:,}"] = getrusage(RUSAGE_SELF).ru_maxrss / 1024
    return peaks


def floors(cells: int) -> dict[str, float]:
    """Microseconds of what cannot be avoided, on this machine."""
    generator = np.random.Generator(np.random.SFC64(1))
    dense, numbers = np.empty(cells, np.float32), np.empty(cells, np.float32)
    values = generator.random(5120, dtype=np.float32)
    places = generator.integers(0, len(values), _LOOKUPS)
    looked = np.empty(_LOOKUPS, np.float32)
    jobs: dict[str, Callable[[], Any]] = {
        f"zero fill of {cells:,} float32 in the cache": lambda: dense.fill(0.0),
        f"{cells:,} uniforms": lambda: generator.random(out=numbers, dtype=np.float32),
        f"{cells:,} normals": lambda: generator.standard_normal(out=numbers, dtype=np.float32),
        f"{_LOOKUPS:,} table look-ups": lambda: np.take(values, places, out=looked, mode="clip"),
    }
    found = {}
    for name, job in jobs.items():
        times = []
        for _ in range(300):
            start = perf_counter()
            job()
            times.append(perf_counter() - start)
        found[name] = 1e6 * median(times)
    times = []
    for _ in range(10):
        start = perf_counter()
        np.empty((BLOCK, cells), np.float32).fill(0.0)
        times.append(perf_counter() - start)
    found[f"zero fill of {cells:,} float32 in fresh memory"] = 1e6 * median(times) / BLOCK
    return found


def gun_of(simulator: NeuralSimulator) -> ParticleGun:
    """Particles over the whole range of the card."""
    seen = simulator.card.training_range
    return ParticleGun.within(simulator.detector, seen, theta=seen.theta)


def full_simulation(simulator: NeuralSimulator, half: int) -> list[float]:
    """CPU seconds of Geant4 per shower over the range of a model; see `cpu_seconds`."""
    seen = simulator.card.training_range
    particles = even_particles(
        simulator.detector,
        seen.energy,
        pdg=seen.pdg[0],
        theta=seen.theta,
        phi=seen.lean,
        impact=seen.entry,
    )
    return cpu_seconds(simulator.detector, particles, half)


def _count(run: str, barrier: Barrier, queue: Any) -> None:  # noqa: ANN401 (a queue of the context)
    """Showers per second of a process that starts together with others."""
    torch.set_num_threads(1)
    simulator = NeuralSimulator.load(Path(run))
    gun = gun_of(simulator)
    incident = gun.shoot(0, BLOCK, seed=1)
    simulator.simulate(incident, seed=0)
    barrier.wait()
    made, start = 0, perf_counter()
    while perf_counter() - start < _SECONDS:
        simulator.simulate(incident, seed=made)
        made += BLOCK
    queue.put(made / (perf_counter() - start))


def _spin(_run: str, barrier: Barrier, queue: Any) -> None:  # noqa: ANN401
    """The same of plain arithmetic: what the machine gives to processes at once."""
    barrier.wait()
    made, start = 0, perf_counter()
    while perf_counter() - start < _SECONDS:
        sum(range(10_000))
        made += 1
    queue.put(made / (perf_counter() - start))


def throughput(run: Path, processes: int, work: Callable[..., None] = _count) -> float:
    """Showers (or what `work` makes) per second of some processes at once."""
    context = multiprocessing.get_context("spawn")
    barrier, queue = context.Barrier(processes), context.Queue()
    workers = [
        context.Process(target=work, args=(str(run), barrier, queue)) for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    total = sum(queue.get(timeout=300) for _ in workers)
    for worker in workers:
        worker.join()
    return float(total)


def earlier(checkouts: Sequence[str]) -> dict[str, Any]:
    """Stages of earlier states of the code, with the model that they ship, in this run.

    Arguments:
        checkouts: NAME=FOLDER each.
    """
    found = {}
    for name, _, folder in (checkout.partition("=") for checkout in checkouts):
        script = Path(__file__).with_name("compound_hits_clock.py")
        ran = subprocess.run(  # noqa: S603 (our own words)
            [sys.executable, str(script), f"compound_hits_{_BEFORE}"],
            env={**os.environ, "PYTHONPATH": str(Path(folder) / "src")},
            capture_output=True,
            check=True,
            text=True,
        )
        found[name] = json.loads(ran.stdout.splitlines()[-1])
    return found


def measure(study: Study, case: Case, before: Sequence[str]) -> None:
    """Times the model of the first repetition; keeps the numbers.

    Arguments:
        study: Where things are.
        case: The data set.
        before: Checkouts of earlier states of the code, NAME=FOLDER, to compare stages with.
    """
    headline(study, case)
    run, _ = study.trained(case, 1)
    simulator = NeuralSimulator.load(run)
    gun = gun_of(simulator)
    rows = []
    full = full_simulation(simulator, 0)
    for sparse in (False, True):
        for batch in BATCHES:
            timing = time_simulator(simulator, gun, batch=batch, sparse=sparse)
            rows.append({"form": "sparse" if sparse else "dense", **asdict(timing)})
            say(f"{case.name}: {rows[-1]}")
    full += full_simulation(simulator, 1)
    with open_showers(study.data / case.file) as reader:
        recorded = reader.provenance.get("geant4_cpu_seconds_per_shower")
    rates = [
        [throughput(run, count, work) for work in (_count, _spin) for count in (1, 2)]
        for _ in range(_ROUNDS)
    ]
    content = {
        "rows": rows,
        "geant4_cpu_seconds": full,
        "geant4_recorded_cpu_seconds": None if recorded is None else float(recorded),
        "stages": stages(simulator),
        "sampler": _sampler(simulator, gun),
        "floors": floors(simulator.detector.geometry.cells),
        "throughput": dict(zip(_COUNTS, zip(*rates, strict=True), strict=True)),
    }
    if case.name == _BEFORE:
        content["before"] = earlier(before)
        content["memory"] = memory(simulator, gun)
    study.keep(f"speed_{case.name}", content, [study.data / case.file])


def quickest(content: Mapping[str, Any], form: str, *, batch: int | None = None) -> dict[str, Any]:
    """The row of least CPU time, of one batch or of all."""
    rows = [
        row for row in content["rows"] if row["form"] == form and batch in {None, row["batch"]}
    ]
    return dict(min(rows, key=lambda row: row["cpu_milliseconds"]))


def lines(case: Case, content: Mapping[str, Any]) -> list[Line]:
    """The numbers that have a bar; a speed-up passes where its inverse does."""
    found = []
    if case.name == "ild_ecal":
        for form in ("dense", "sparse"):
            time = 1e3 * quickest(content, form)["cpu_milliseconds"]
            found.append(Line(f"{form}, us CPU", time, 0.0, None, 0.0, _ILD[form]))
        one = 1e3 * quickest(content, "dense", batch=1)["cpu_milliseconds"]
        found.append(Line("dense, batch 1, us CPU", one, 0.0, None, 0.0, _ILD["batch 1"]))
    time = 1e3 * quickest(content, "dense")["cpu_milliseconds"]
    for name, full in times(content).items():
        if case.speed is not None:
            label = f"dense, us CPU for {case.speed:,.0f} times Geant4, {name}"
            found.append(Line(label, time, 0.0, None, 0.0, 1e6 * full / case.speed))
    one, two = (max(content["throughput"][key]) for key in ("one", "two"))
    found.append(
        Line("throughput of one process / of two", one / two, 0.0, None, 0.0, 1 / _DOUBLED)
    )
    return found


def times(content: Mapping[str, Any]) -> dict[str, float]:
    """CPU seconds of Geant4 per shower, by where they come from."""
    found = {}
    if full := content["geant4_cpu_seconds"]:
        found["same run"] = sum(full) / len(full)
    if (recorded := content["geant4_recorded_cpu_seconds"]) is not None:
        found["as recorded"] = recorded
    return found


def bars(study: Study) -> list[tuple[str, list[Line]]]:
    """All lines with a bar, by data set."""
    found = []
    for case in CASES.values():
        content = study.kept(f"speed_{case.name}")
        if content is not None and lines(case, content):
            found.append((f"{case.title}, speed", lines(case, content)))
    return found


def body(study: Study) -> list[str]:
    """The section as Markdown."""
    text = ["## Speed", INTRODUCTION]
    for case in (CASES[name] for name in TIMED):
        content = study.kept(f"speed_{case.name}")
        text.append(f"### Speed: {case.title}")
        text += ["Not measured yet."] if content is None else _tables(study, case, content)
    return text


def _elsewhere(case: Case, content: Mapping[str, Any]) -> list[str]:
    """What the times would be on the processor that made the Geant4 file."""
    full = times(content)
    if case.name != _BEFORE or len(full) < 2:
        return []
    ratio = full["as recorded"] / full["same run"]
    scaled = [
        f"{form} {1e3 * ratio * quickest(content, form, batch=batch)['cpu_milliseconds']:.1f} us"
        + (f" at batch {batch}" if batch else "")
        for form, batch in (("dense", None), ("sparse", None), ("dense", 1))
    ]
    text = (
        "The bars in microseconds are of the machine that recorded the file, where Geant4 takes "
        f"{ratio:.2f} of the time it takes here. If the model's times differ as Geant4's do, they "
        f"are {', '.join(scaled)} there."
    )
    return [text]


def _tables(study: Study, case: Case, content: Mapping[str, Any]) -> list[str]:
    physics = headline(study, case)
    seen = [f"{physics[name].value:.3f} ({physics[name].floor:.3f})" for name in AUC_METRICS]
    full, rows = times(content), []
    for row in content["rows"]:
        cpu = 1e3 * row["cpu_milliseconds"]
        rows.append([
            f"{row['form']}, batch {row['batch']}",
            f"{1e3 * row['milliseconds']:.1f} ± {1e3 * row['spread']:.1f}",
            f"{cpu:.1f}",
            *(f"{1e6 * each / cpu:,.0f}" for each in full.values()),
            *seen,
        ])  # fmt: skip
    head = (
        "", "wall, us", "CPU, us", *(f"times Geant4, {name}" for name in full),
        *(f"AUC {name} (floor)" for name in AUC_METRICS),
    )  # fmt: skip
    text = [table(head, rows)]
    if found := lines(case, content):
        rows = [[x.metric, f"{x.value:.3g}", f"{x.bar:.3g}", verdict(x.passed)] for x in found]
        text.append(table(("bar", "measured", "at most", ""), rows))
    seconds = [f"{each:.3f} s ({name})" for name, each in full.items()]
    text.append(f"Geant4's CPU time per shower: {', '.join(seconds)}.")
    text += _elsewhere(case, content)
    one, two, alone, both = (max(content["throughput"][key]) for key in _COUNTS)
    text.append(
        f"Two processes at once make {two / one:.2f} times the showers of one ({one:,.0f} per "
        f"second, dense, batch {BLOCK}); plain arithmetic in two processes makes "
        f"{both / alone:.2f} times that of one. Largest of {_ROUNDS} counts of {_SECONDS:.0f} s "
        "each, since other work on the machine only takes away."
    )
    if "memory" in content:
        peaks = [f"{peak:,.0f} MB after {count}" for count, peak in content["memory"].items()]
        text.append(f"Most memory of the process: {', '.join(peaks)} sparse showers.")
    names = list(content["stages"]["dense"])
    rows = [
        [name, *(_stage(content["stages"][form].get(name)) for form in ("dense", "sparse"))]
        for name in names
    ]
    head = (f"stage, CPU us per shower, batch {BLOCK}, quickest call", "dense", "sparse")
    text.append(table(head, rows))
    if content.get("before"):
        states = {**content["before"], "now": content["stages"]}
        rows = [[name, *(_stage(s["dense"].get(name)) for s in states.values())] for name in names]
        head = ("the same, dense, of earlier states of the code in the same run", *states)
        text.append(table(head, rows))
    rows = [[name, _stage(value)] for name, value in content.get("sampler", {}).items()]
    if rows:
        text.append(table(("step of the sampler", "CPU us per shower"), rows))
    rows = [[name, f"{value:.1f}"] for name, value in content["floors"].items()]
    text.append(table(("floor on this machine, in the same run", "us"), rows))
    return text


def _stage(value: float | None) -> str:
    return "" if not value else f"{value:.1f}"
