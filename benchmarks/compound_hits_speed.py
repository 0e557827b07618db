"""Section 3: how fast the compound-hit model is, stage by stage, beside floors and fidelity."""

from __future__ import annotations

import importlib
import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing.synchronize import Barrier
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np
import torch

from compound_hits_fidelity import AUC_METRICS, Line, headline, verdict
from compound_hits_stages import sampler_stages
from compound_hits_study import CASES, Case, Study, say
from heitler.deployment import time_simulator
from heitler.formats import open_showers
from heitler.hits import Hits
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

INTRODUCTION = """\
Particles in, checked showers in MeV out, on one thread; energies and angles uniform over the
training range; the first call is left out. Microseconds per shower: wall is the median over calls,
CPU the processor time. Other work on the machine changes it too, through shared caches and
clocks: repeated counts differed by a quarter. It is compared with the CPU time that the Geant4
file records, which was measured on another day. Every table states the fidelity of the same model
beside its floor: a speed means nothing without it."""


class StageClock:
    """Exclusive time of functions while they are called by the real code.

    Arguments:
        stages: Name, owner and attribute of each function; what is not there is left out, and its
            time counts for the function that holds it.
        clock: What tells the time in seconds.
    """

    def __init__(
        self,
        stages: list[tuple[str, Any, str]],
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self.clock = clock
        self.stages = [stage for stage in stages if hasattr(stage[1], stage[2])]
        self.seconds = {name: 0.0 for name, _, _ in self.stages}
        self._inner = [0.0]

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function with a clock around it."""

        def call(*args: Any, **words: Any) -> Any:  # noqa: ANN401 (whatever it takes)
            self._inner.append(0.0)
            start = self.clock()
            try:
                return function(*args, **words)
            finally:
                passed = self.clock() - start
                self.seconds[name] += passed - self._inner.pop()
                self._inner[-1] += passed

        return call

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Puts the clocks in, and takes them out."""
        before = [(owner, key, vars(owner).get(key)) for _, owner, key in self.stages]
        for name, owner, key in self.stages:
            setattr(owner, key, self.timed(name, getattr(owner, key)))
        try:
            yield
        finally:
            for owner, key, own in before:
                if own is None:
                    delattr(owner, key)
                else:
                    setattr(owner, key, own)


def stages_of(simulator: NeuralSimulator) -> list[tuple[str, Any, str]]:
    """The functions between particles and showers that have a name."""
    model: Any = simulator.model
    neural = importlib.import_module("heitler.simulators.neural")
    own = importlib.import_module(type(model).__module__)
    return [
        ("conditions", simulator.conditioning, "forward"),
        ("random numbers", neural, "draw"),
        ("prescription: prior, rates, field, crossings", model, "prescribe"),
        ("sampler", own, "sample"),
        ("dense rows", Hits, "dense"),
    ]


def stage_times(simulator: NeuralSimulator, gun: ParticleGun, *, sparse: bool) -> dict[str, float]:
    """CPU microseconds per shower of each stage, medians over calls of a block."""
    rounds = []
    for index in range(7):
        incident = gun.shoot(index, BLOCK, seed=1)
        clock = StageClock(stages_of(simulator), process_time)
        call = simulator.simulate_sparse if sparse else simulator.simulate
        with clock.watch():
            start = process_time()
            call(incident, seed=index)
            total = process_time() - start
        times = {name: 1e6 * each / BLOCK for name, each in clock.seconds.items()}
        times["checks, joining, rest"] = 1e6 * total / BLOCK - sum(times.values())
        rounds.append({**times, "sum": 1e6 * total / BLOCK})
    return {name: median(each[name] for each in rounds[1:]) for name in rounds[0]}


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


def measure(study: Study, case: Case) -> None:
    """Times the model of the first repetition; keeps the numbers."""
    headline(study, case)
    run, _ = study.trained(case, 1)
    simulator = NeuralSimulator.load(run)
    gun = gun_of(simulator)
    rows = []
    for sparse in (False, True):
        for batch in BATCHES:
            timing = time_simulator(simulator, gun, batch=batch, sparse=sparse)
            rows.append({"form": "sparse" if sparse else "dense", **asdict(timing)})
            say(f"{case.name}: {rows[-1]}")
    with open_showers(study.data / case.file) as reader:
        full = reader.provenance.get("geant4_cpu_seconds_per_shower")
    rates = [
        [throughput(run, count, work) for work in (_count, _spin) for count in (1, 2)]
        for _ in range(_ROUNDS)
    ]
    content = {
        "rows": rows,
        "geant4_cpu_seconds": None if full is None else float(full),
        "stages": {
            form: stage_times(simulator, gun, sparse=form == "sparse")
            for form in ("dense", "sparse")
        },
        "sampler": _sampler(simulator, gun),
        "floors": floors(simulator.detector.geometry.cells),
        "throughput": dict(zip(_COUNTS, zip(*rates, strict=True), strict=True)),
    }
    if case.name == "ild_ecal":
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
    full = content["geant4_cpu_seconds"]
    if case.speed is not None and full is not None:
        time = 1e3 * quickest(content, "dense")["cpu_milliseconds"]
        label = f"dense, us CPU for {case.speed:,.0f} times Geant4"
        found.append(Line(label, time, 0.0, None, 0.0, 1e6 * full / case.speed))
    one, two = (max(content["throughput"][key]) for key in ("one", "two"))
    found.append(
        Line("throughput of one process / of two", one / two, 0.0, None, 0.0, 1 / _DOUBLED)
    )
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
    for case in CASES.values():
        content = study.kept(f"speed_{case.name}")
        text.append(f"### Speed: {case.title}")
        text += ["Not measured yet."] if content is None else _tables(study, case, content)
    return text


def _tables(study: Study, case: Case, content: Mapping[str, Any]) -> list[str]:
    physics = headline(study, case)
    seen = [f"{physics[name].value:.3f} ({physics[name].floor:.3f})" for name in AUC_METRICS]
    full = content["geant4_cpu_seconds"]
    rows = []
    for row in content["rows"]:
        cpu = 1e3 * row["cpu_milliseconds"]
        rows.append([
            f"{row['form']}, batch {row['batch']}",
            f"{1e3 * row['milliseconds']:.1f} ± {1e3 * row['spread']:.1f}",
            f"{cpu:.1f}",
            "" if full is None else f"{1e6 * full / cpu:,.0f}",
            *seen,
        ])  # fmt: skip
    head = (
        "", "wall, us", "CPU, us", "times Geant4",
        *(f"AUC {name} (floor)" for name in AUC_METRICS),
    )  # fmt: skip
    text = [table(head, rows)]
    if found := lines(case, content):
        rows = [[x.metric, f"{x.value:.3g}", f"{x.bar:.3g}", verdict(x.passed)] for x in found]
        text.append(table(("bar", "measured", "at most", ""), rows))
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
    head = (f"stage, CPU us per shower, batch {BLOCK}", "dense", "sparse")
    text.append(table(head, rows))
    rows = [[name, _stage(value)] for name, value in content.get("sampler", {}).items()]
    if rows:
        text.append(table(("step of the sampler", "CPU us per shower"), rows))
    rows = [[name, f"{value:.1f}"] for name, value in content["floors"].items()]
    text.append(table(("floor on this machine, in the same run", "us"), rows))
    return text


def _stage(value: float | None) -> str:
    return "" if not value else f"{value:.1f}"
