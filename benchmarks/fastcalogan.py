"""Judges the FastCaloGAN bank, member by member and over |eta|, and writes its page.

    python benchmarks/fastcalogan_showers.py showers.h5
    heitler train configs/experiments/fastcalogan_barrel_ecal.yaml --data showers.h5 -o bank
    python benchmarks/fastcalogan.py --data showers.h5 --bank bank --start start --work work

Each member answers the particles of Geant4 showers that are not those of its held-out showers, and
both are compared with the held-out ones: the second Geant4 sample is the floor, of the same size.
--start is a bank of the same configuration but for a learning rate of 1e-12 and 4 epochs (growth
1): the linear models at which all training starts, whose AUC the page states beside.
What is there already is not made again; --reports N makes the AUC and the report of N members only
(work/NAME/report.html), spread over |eta|: they take most of the time.
"""

from __future__ import annotations

import csv
import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from fastcalogan_figures import draw
from fastcalogan_page import body
from heitler.deployment import time_simulator
from heitler.formats import create_showers, open_showers
from heitler.models import random_generator
from heitler.showers import Showers
from heitler.simulators import HELD_OUT, Bank, ParticleGun, Slice
from heitler.training import RECORDS, EnergyChi2, read_rows
from heitler.validation import compare
from heitler.validation.comparison import FEATURES, Comparison
from heitler.validation.report import write_report
from results import RESULTS, write_page

SEED = 1
COPIES = 10
"""Showers of the bank for each of Geant4, where mean and width are compared."""

STARTS = 16
"""Members whose start is judged."""


def main() -> None:
    """Judges members that are not judged yet, makes reports, writes the page."""
    parser = ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--bank", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--reports", type=int, default=48)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    bank = Bank.load(arguments.bank)
    members = bank.slices.members
    for place, each in enumerate(members):
        _once(arguments.work / f"{each.name}.json", lambda p=place: judge(bank, p, arguments))
    for place in _spread(len(members))[: arguments.reports]:
        path = arguments.work / f"{members[place].name}_auc.json"
        _once(path, lambda p=place: report(bank, p, arguments))
    untrained = Bank.load(arguments.start)
    for place in _spread(len(members))[:STARTS]:
        path = arguments.work / f"{members[place].name}_start.json"
        _once(path, lambda p=place: {"start": auc(untrained, p, arguments)})
    facts = [_facts(arguments.work, each) for each in members]
    (RESULTS / "fastcalogan.json").write_text(json.dumps(facts))
    draw(facts, RESULTS)
    cost = {**bank.card.training, **_speed(bank)}
    with open_showers(arguments.data) as reader:
        cost["geant4"] = reader.provenance["geant4_cpu_seconds_per_shower"]
        cost["showers"] = len(reader)
    print(write_page("fastcalogan", "A bank of small GANs", body(facts, cost), [arguments.data]))


def judge(bank: Bank, place: int, arguments: Namespace) -> dict[str, Any]:
    """Response and chi2 of a member beside Geant4's, and its training."""
    member = bank.slices.members[place]
    run = arguments.bank / "members" / member.name
    samples = _samples(bank, place, run, arguments.data)
    chi2 = EnergyChi2(copies=1)
    scores = {name: chi2(samples["Geant4"], samples[name])["mean"] for name in ("bank", "floor")}
    particles = samples["floor"].particles
    many = particles[torch.arange(len(particles)).repeat(COPIES)]
    samples["bank"] = bank.simulate(many, seed=SEED + 1)
    with (run / RECORDS).open(newline="") as file:
        records = [row for row in csv.reader(file) if row[2] == "physics/mean"]
    return {
        "member": member.name,
        "pdg": member.pdg,
        "eta": [member.low, member.high],
        "chi2": scores,
        "points": {name: _points(showers) for name, showers in samples.items()},
        "epochs": [[int(epoch), float(value)] for epoch, _, _, value in records],
        "training": dict(bank.cards[place].training),
    }


def report(bank: Bank, place: int, arguments: Namespace) -> dict[str, Any]:
    """The AUC of a member and its floor; its report goes to a folder of its name."""
    made = _compared(bank, place, arguments)
    write_report(made, arguments.work / bank.slices.members[place].name)
    return {"auc": _auc(made)}


def auc(bank: Bank, place: int, arguments: Namespace) -> list[list[float]]:
    """The AUC of a member and its floor."""
    return _auc(_compared(bank, place, arguments))


def _compared(bank: Bank, place: int, arguments: Namespace) -> Comparison:
    name = bank.slices.members[place].name
    samples = _samples(bank, place, arguments.bank / "members" / name, arguments.data)
    with TemporaryDirectory() as folder:
        files = _written(samples, Path(folder))
        with (
            open_showers(files["Geant4"]) as reference,
            open_showers(files["bank"]) as candidate,
            open_showers(files["floor"]) as floor,
        ):
            return compare(reference, {name: candidate}, floor=floor, neural=False, seed=SEED)


def _auc(made: Comparison) -> list[list[float]]:
    wanted = (FEATURES, "classifier_auc", "all energies")
    (row,) = (r for r in made.rows if (r.observable, r.metric, r.energies) == wanted)
    return [[each.value, each.error] for each in (row.value, row.floor)]


def _spread(count: int) -> list[int]:
    """Places 0 to count - 1, those that are far from each other first."""
    first = [place for step in (12, 6, 3, 1) for place in range(0, count, step)]
    return list(dict.fromkeys(first))


def _once(path: Path, make: Callable[[], dict[str, Any]]) -> None:
    """Makes a file that is not there."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps(make())
        path.write_text(content)
        print(path.name, content[:100], flush=True)


def _facts(work: Path, member: Slice) -> dict[str, Any]:
    files = (work / f"{member.name}{end}.json" for end in ("", "_auc", "_start"))
    return {k: v for f in files if f.is_file() for k, v in json.loads(f.read_text()).items()}


def _samples(bank: Bank, place: int, run: Path, data: Path) -> dict[str, Showers]:
    """Showers that training never saw, others of Geant4, and the bank's answer to these."""
    with open_showers(run / HELD_OUT) as reader:
        held_out = reader.read(0, len(reader))
    with open_showers(data) as reader:
        rows = (bank.slices.places(reader.particles) == place).nonzero()[:, 0]
        others = Showers.concatenate(list(read_rows(reader, rows)))
    known = set(held_out.deposits.double().sum(dim=1).tolist())
    new = [i for i, e in enumerate(others.deposits.double().sum(dim=1).tolist()) if e not in known]
    order = random_generator(SEED).permutation(len(new))[: len(held_out)]
    floor = others[torch.tensor(new)[torch.from_numpy(order)]]
    made = bank.simulate(floor.particles, seed=SEED)
    return {"Geant4": held_out, "floor": floor, "bank": made}


def _written(samples: dict[str, Showers], work: Path) -> dict[str, Path]:
    files = {name: work / f"{name}.h5" for name in samples}
    for name, showers in samples.items():
        with create_showers(files[name], showers.detector) as writer:
            writer.write(showers)
    return files


def _points(showers: Showers) -> dict[str, list[float]]:
    """Mean and relative width of E_vis / E with their errors, by incident energy in MeV."""
    response = showers.deposits.double().sum(dim=1) / showers.particles.energy
    found = {}
    for energy in torch.unique(showers.particles.energy).tolist():
        mine = response[showers.particles.energy == energy]
        mean, spread, n = float(mine.mean()), float(mine.std()), len(mine)
        width = spread / mean
        found[f"{energy:g}"] = [mean, spread / n**0.5, width, width / (2 * n) ** 0.5]
    return found


def _speed(bank: Bank) -> dict[str, float]:
    """Milliseconds per shower in batches of 100, of the first member."""
    member, card = bank.member(0), bank.cards[0]
    low, high = bank.slices.members[0].theta

    gun = ParticleGun.within(bank.detector, card.training_range, theta=(low, high))
    timing = time_simulator(member, gun, batch=100, seed=SEED)
    return {"milliseconds": timing.cpu_milliseconds, "wall": timing.milliseconds}


if __name__ == "__main__":
    main()
