"""Do more summaries help? Likelihood of cells given five summaries, and given more of them.

    python benchmarks/compound_hits_summaries.py --data FILE

Trains the rates of the compound-hit model on 2,700 training showers of FILE with the schedule of
its configuration, with the five summaries and with each addition, from three seeds, and prints
minus the log-likelihood of the validation showers in nats per shower. Test showers are not looked
at. Writes docs/theory/figures/compound_hits_summaries.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from heitler.formats import open_showers, sha256
from heitler.hits import Hits
from heitler.models import ShowerShape
from heitler.models.compound_hits import CompoundHits
from heitler.models.compound_hits.sample import SUMMARIES, Seen, summarise
from heitler.networks import mlp
from heitler.preprocessing import Axis, Conditioning, LogEnergy
from heitler.showers import Showers
from heitler.training import Split, read_rows

OUTPUT = Path(__file__).parents[1] / "docs" / "theory" / "figures" / "compound_hits_summaries.json"
EPOCHS, BATCH, RATE, JITTER, SEEDS = 12, 64, 2e-3, 0.02, 3


def kurtosis(seen: Seen) -> Tensor:
    """Fourth moment in depth over the square of the second, (N, 1)."""
    s = summarise(seen)
    about = (seen.layer.double() - s[seen.shower, 1]) ** 4
    fourth = seen.per_shower(seen.energy * about) / s[:, 0].exp()
    return (fourth / (4 * s[:, 2]).exp())[:, None].clamp(max=20.0)


def quantiles(seen: Seen) -> Tensor:
    """Layers before which 5 % and 95 % of the energy lie, interpolated, (N, 2)."""
    grown = seen.per_layer(seen.energy).cumsum(1)
    share = (grown / grown[:, -1:]).numpy()
    layers = np.arange(share.shape[1]) + 0.5
    found = [[np.interp(q, row, layers) for q in (0.05, 0.95)] for row in share]
    return torch.tensor(found, dtype=torch.float64)


def core(seen: Seen) -> Tensor:
    """Share of the energy within half a cell of the axis, (N, 1)."""
    inside = seen.per_shower(seen.energy * (seen.square < 0.25).double())
    return (inside / seen.per_shower(seen.energy))[:, None]


def number(seen: Seen) -> Tensor:
    """Logarithm of the number of hits, (N, 1)."""
    return seen.per_shower(torch.ones_like(seen.energy)).clamp(min=1.0).log()[:, None]


ADDITIONS: dict[str, tuple[Callable[[Seen], Tensor], ...]] = {
    "five summaries": (),
    "and kurtosis": (kurtosis,),
    "and quantiles": (quantiles,),
    "and core fraction": (core,),
    "and hits": (number,),
    "and all of these": (kurtosis, quantiles, core, number),
}


class Data:
    """Showers in memory with their conditions."""

    def __init__(self, parts: Sequence[Showers], conditioning: Conditioning) -> None:
        self.hits = Hits.concatenate([Hits.of(part.deposits) for part in parts])
        self.c = torch.cat([conditioning(part.particles) for part in parts])

    def __len__(self) -> int:
        return len(self.hits)


def likelihoods(
    train: Data,
    judged: Data,
    shape: ShowerShape,
    extra: Sequence[Callable[[Seen], Tensor]],
    seed: int,
) -> Tensor:
    """Minus ln L of each judged shower after a training, (N,)."""
    torch.manual_seed(seed)
    model: Any = CompoundHits(shape)
    s, axis = model.stencil, shape.columns["axis"]
    model._start(train.hits, s.aim(train.c[:, axis]), train.c[:, model._told])
    seen = [Seen.of(d.hits, s.aim(d.c[:, axis]), s) for d in (train, judged)]
    more = [torch.cat([torch.zeros(v.count, 0), *(f(v) for f in extra)], 1) for v in seen]
    inputs = []
    for v, m, d in zip(seen, more, (train, judged), strict=True):
        told = d.c[:, model._told]
        inputs.append(torch.cat([model._standardised(v, told), _scaled(m, more[0]), told], 1))
    width = more[0].shape[1]
    model.network = mlp(inputs[0].shape[1], (64,), 64)
    weights = [*model.network.parameters(), *model.cells.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=RATE, weight_decay=0.0)
    steps = EPOCHS * (len(train) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)

    def loss(data: Data, x: Tensor, rows: Tensor) -> Tensor:
        aim = s.aim(data.c[rows][:, axis])
        index, sums = s.exposures(aim)
        rates = model._rates(x, x[:, :0])
        parts = model._likelihood(Seen.of(data.hits[rows], aim, s), rates, sums[index][..., 0])
        return sum(parts.values(), torch.zeros(()))

    noisy = SUMMARIES + width
    best = torch.full((len(judged),), torch.inf)
    for _ in range(EPOCHS):
        order = torch.randperm(len(train))
        for k in range(len(train) // BATCH):
            rows = order[k * BATCH : (k + 1) * BATCH]
            x = inputs[0][rows].clone()
            x[:, :noisy] += JITTER * torch.randn(len(rows), noisy)
            optimizer.zero_grad()
            loss(train, x, rows).backward()
            optimizer.step()
            schedule.step()
        with torch.no_grad():
            each = [
                loss(judged, inputs[1][i : i + 1], torch.tensor([i])) for i in range(len(judged))
            ]
        best = min(best, torch.stack(each), key=lambda values: float(values.mean()))
    return best


def _scaled(values: Tensor, train: Tensor) -> Tensor:
    if not values.shape[1]:
        return values.float()
    return ((values - train.mean(0)) / train.std(0)).float()


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains, prints and writes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="shower file")
    parser.add_argument("--showers", type=int, default=2700, help="training showers")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    conditioning = Conditioning([LogEnergy(), Axis()])
    with open_showers(chosen.data) as reader:
        split = Split.of(len(reader), test=1500, validation=300)
        rows = split.train[: chosen.showers]
        conditioning.fit(reader.particles[rows])
        train, judged = (
            Data(list(read_rows(reader, part)), conditioning) for part in (rows, split.validation)
        )
        geometry = reader.detector.geometry
    shape = ShowerShape(
        tuple(torch.bincount(geometry.layer_of_cell).tolist()), 0, conditioning.size,
        conditioning.columns, geometry.cell_centres,
    )  # fmt: skip
    found: dict[str, Any] = {"showers": len(train), "judged": len(judged)}
    found |= {"data": chosen.data.name, "sha256": sha256(chosen.data)}
    first = torch.zeros(0)
    for name, extra in ADDITIONS.items():
        seeds = [likelihoods(train, judged, shape, extra, seed) for seed in range(1, SEEDS + 1)]
        values = torch.stack(seeds).mean(0)
        first = first if len(first) else values
        gap = values - first
        found[name] = {
            "nats per shower": round(float(values.mean()), 1),
            "by seed": [round(float(each.mean()), 1) for each in seeds],
            "change": round(float(gap.mean()), 2),
            "error of the change": round(float(gap.std()) / len(gap) ** 0.5, 2),
        }
        print(name, found[name], flush=True)
    OUTPUT.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
