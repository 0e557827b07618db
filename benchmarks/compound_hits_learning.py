r"""Section 2: how the compound-hit model improves with the number of training showers.

A curve a + b N^-c is fitted to each quantity and extrapolated; its uncertainty is that of fits to
points that are shifted at random by their errors.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import OptimizeWarning, curve_fit

from compound_hits_fidelity import aucs
from compound_hits_study import (
    CASES,
    Case,
    Study,
    geant4,
    generated,
    incident,
    mean_and_spread,
    say,
    write_subset,
)
from heitler.formats import open_showers
from heitler.metrics.crossfit import hanley_mcneil
from heitler.models import Noise, Variates
from heitler.simulators import NeuralSimulator
from heitler.training import read_rows
from heitler.validation.style import figure_style, line_styles
from results import table

SIZES = (500, 1000, 2500, 4500, 10_000, 18_500)
"""Showers that a training may use, those of validation among them."""

BEYOND = (100_000,)
PAIRS = ("A trees", "A network", "B trees", "B network")
LIKELIHOOD = "cells, nats per shower"
_REPLICAS = 300
_BATCH = 50
_CASE = "ild_ecal_more"
FIGURE = "compound-hits-learning"

Array = NDArray[np.float64]


def fit_curve(
    sizes: Sequence[float],
    values: Sequence[float],
    errors: Sequence[float],
    *,
    least: float = -np.inf,
    at: Sequence[float] = BEYOND,
    seed: int = 1,
) -> dict[str, Any]:
    """Fit of a + b (N / 1000)^-c with a >= `least`, b >= 0 and 0.05 <= c <= 2.

    Arguments:
        sizes: N, at least three different ones.
        values: Measured values.
        errors: Their errors.
        least: Lower limit of a.
        at: Where the curve is wanted.
        seed: Seed of the replicas.

    Returns:
        The parameters under "a", "b" and "c" (b for N in thousands), and under "at" the value
        with the 16 % and 84 % quantiles of the replicas of each N.

    Raises:
        ValueError: There are fewer than three sizes.
    """
    if len(set(sizes)) < 3:
        msg = f"a curve of three parameters needs three sizes, got {sorted(set(sizes))}"
        raise ValueError(msg)
    n = np.asarray(sizes, dtype=np.float64) / 1000
    y, sigma = np.asarray(values, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    best = _fit(n, y, sigma, least)
    rng = np.random.default_rng(seed)
    replicas = [
        _fit(n, y + sigma * rng.standard_normal(y.size), sigma, least) for _ in range(_REPLICAS)
    ]
    result: dict[str, Any] = dict(zip("abc", best.tolist(), strict=True))
    result["at"] = {}
    for place in at:
        curves = [curve(place / 1000, *replica) for replica in replicas]
        low, high = np.quantile(curves, [0.16, 0.84])
        result["at"][str(place)] = [float(curve(place / 1000, *best)), float(low), float(high)]
    return result


def curve(n: Array | float, a: float, b: float, c: float) -> Any:  # noqa: ANN401 (array or float)
    """The law a + b n^-c."""
    return a + b * n**-c


def _fit(n: Array, y: Array, sigma: Array, least: float) -> Array:
    low = y.min() - 2 * (np.ptp(y) + sigma.max()) if np.isinf(least) else least
    high = max(y.min(), low + 1e-6) + 3 * sigma.max()
    bounds = ([low, 0.0, 0.05], [high, np.inf, 2.0])
    start = [(low + high) / 2, max(float(np.ptp(y)), 1e-6), 0.5]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OptimizeWarning)
        found, _ = curve_fit(curve, n, y, p0=start, sigma=sigma, bounds=bounds, max_nfev=20000)
    return np.asarray(found)


def subset(study: Study, case: Case, size: int) -> tuple[Path, list[str], torch.Tensor]:
    """A file with `size` showers that are not held out, the words that split it, and its rows.

    They are spread over the file. The one held-out shower in its middle is the test shower that
    a training needs. All showers that may be used, so cut, are split as in the full training.
    """
    split = study.split(case)
    rows = torch.cat([split.train, split.validation]).sort().values
    size = min(size, rows.numel())
    chosen = rows[(torch.arange(size, dtype=torch.float64) * rows.numel() / size).long()]
    validation = max(1, round(split.validation.numel() * size / rows.numel()))
    middle = int(0.5 * (size + 1))
    order = torch.cat([chosen[:middle], split.test[:1], chosen[middle:]])
    path = study.home(case) / f"of_{size}.h5"
    if not path.exists():
        write_subset(study.file(case), order, path)
    stages = case.settings["training"]["stages"]
    words = ["--data.test=1", f"--data.validation={validation}"]
    for name, stage in stages.items():
        epochs = round(stage["epochs"] * rows.numel() / size)
        words += [f"--training.stages.{name}.epochs={epochs}"]
    return path, words, chosen


def cell_likelihood(simulator: NeuralSimulator, path: Path, rows: torch.Tensor) -> Array:
    """Minus log-likelihood of the cells in nats per shower, of each batch of showers."""
    model, values = simulator.model.eval(), []
    with open_showers(path) as reader, torch.no_grad():
        for showers in read_rows(reader, rows):
            for start in range(0, len(showers), _BATCH):
                some = showers[start : start + _BATCH]
                z = _silence(model.training_noise, len(some))
                c = simulator.conditioning(some.particles)
                loss, _ = model.loss(some.deposits, c, z, phase="likelihood")
                values.append(float(loss))
    return np.array(values)


def _silence(spec: Mapping[str, Noise], count: int) -> Variates:
    return {name: torch.zeros(count, noise.size) for name, noise in spec.items()}


def measure(study: Study, sizes: Sequence[int], seeds: int) -> None:
    """Trains on subsets, compares each with the held-out showers; keeps the numbers."""
    case = CASES[_CASE]
    tasks = [(study, size, seed) for size in sizes for seed in range(1, seeds + 1)]
    points = study.share(_point, tasks)
    likelihoods = [np.array(point.pop("likelihoods")) for point in points]
    # Showers are the same for all, so that errors are those of differences to the last point.
    for point, values in zip(points, likelihoods, strict=True):
        difference = values - likelihoods[-1]
        point["likelihood_error"] = float(difference.std(ddof=1) / len(difference) ** 0.5)
    held_out = study.counts(case)[0]
    study.keep("learning", {"held_out": held_out, "points": points}, [study.data / case.file])


def _point(study: Study, size: int, seed: int) -> dict[str, Any]:
    """Scores of a training on `size` showers."""
    torch.set_num_threads(1)
    case = CASES[_CASE]
    reference, _ = geant4(study, case)
    path, words, chosen = subset(study, case, size)
    folder, cost = study.trained(case, seed, name=f"of_{chosen.numel()}", file=path, words=words)
    simulator = NeuralSimulator.load(folder)
    candidate = generated(simulator, incident(folder, simulator, len(reference), seed), seed)
    likelihoods = cell_likelihood(simulator, study.file(case), study.split(case).test)
    scores = aucs(reference, candidate, seed, voxels=False)
    scores[LIKELIHOOD] = float(likelihoods.mean())
    say(f"{size} showers, seed {seed}: {scores}")
    found = {"size": chosen.numel(), "seed": seed, **cost, "scores": scores}
    return found | {"likelihoods": likelihoods.tolist()}


def fits(content: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Curves of all quantities, if there are enough points."""
    points, held_out = content["points"], content["held_out"]
    sizes = [point["size"] for point in points]
    if len(set(sizes)) < 3:
        return {}
    found = {}
    for name in (*PAIRS, LIKELIHOOD):
        values = [point["scores"][name] for point in points]
        errors = [2**0.5 * hanley_mcneil(value, held_out, held_out) for value in values]
        least = 0.5
        if name == LIKELIHOOD:
            least = -np.inf
            positive = [p["likelihood_error"] for p in points if p["likelihood_error"] > 0]
            smallest = min(positive, default=0.1)
            errors = [max(point["likelihood_error"], smallest) for point in points]
        found[name] = fit_curve(sizes, values, errors, least=least)
    return found


def body(study: Study) -> list[str]:
    """The section as Markdown, with its figure."""
    text, content = ["## Learning curve"], study.kept("learning")
    if content is None:
        return [*text, "Not measured yet."]
    curves = fits(content)
    text.append(
        "Photons in `ild_ecal`, of `heitler simulate`. N showers are for training and validation "
        "together (one in fifteen validates); the number of updates is the same for each N, early "
        "stopping chooses among them. All are compared with the same "
        f"{content['held_out']:,} held-out showers; the likelihood is that of the cells of "
        "these. Curves are AUC = a + b N^-c with a >= 0.5; "
        "intervals hold 68 % of fits to points that were shifted by their errors. They know "
        "nothing of a change of the law beyond the last point."
    )
    sizes = sorted({point["size"] for point in content["points"]})
    rows = []
    for name in (*PAIRS, LIKELIHOOD):
        cells = [_measured(content, size, name) for size in sizes]
        fitted = curves.get(name)
        beyond = [_interval(fitted["at"][str(n)], name) if fitted else "" for n in BEYOND]
        law = f"{fitted['a']:.4g}, {fitted['c']:.2f}" if fitted else ""
        rows.append([name, *cells, law, *beyond])
    seconds = [
        mean_and_spread([p["wall"] for p in content["points"] if p["size"] == size])[0]
        for size in sizes
    ]
    rows.append(["training, s", *(f"{each:.0f}" for each in seconds), *[""] * 3])
    head = ["", *(f"{n:,}" for n in sizes), "a, c", *(f"{n:,} (extrapolated)" for n in BEYOND)]
    text.append(table(head, rows))
    if curves:
        draw(study.output.parent / f"{FIGURE}.svg", content, curves)
        text.append(f"![AUC against the number of training showers]({FIGURE}.svg)")
    return text


def _measured(content: Mapping[str, Any], size: int, name: str) -> str:
    values = [point["scores"][name] for point in content["points"] if point["size"] == size]
    digits = ".1f" if name == LIKELIHOOD else ".3f"
    return f"{np.mean(values):{digits}}"


def _interval(values: Sequence[float], name: str) -> str:
    digits = ".1f" if name == LIKELIHOOD else ".3f"
    value, low, high = (f"{each:{digits}}" for each in values)
    return f"{value} ({low} to {high})"


def draw(path: Path, content: Mapping[str, Any], curves: Mapping[str, Mapping[str, Any]]) -> None:
    """The figure: points with errors, curves up to the last extrapolation."""
    with figure_style():
        from matplotlib.figure import Figure  # noqa: PLC0415

        figure = Figure(figsize=(6, 3.6), layout="constrained")
        axes = figure.subplots()
        smallest = min(point["size"] for point in content["points"])
        n = np.geomspace(smallest, BEYOND[-1], 100)
        for name, (colour, dash) in zip(PAIRS, line_styles(len(PAIRS)), strict=True):
            values = [point["scores"][name] for point in content["points"]]
            size = content["held_out"]
            errors = [2**0.5 * hanley_mcneil(value, size, size) for value in values]
            sizes = [point["size"] for point in content["points"]]
            axes.errorbar(sizes, values, errors, fmt="o", ms=4, color=colour)
            law = [curves[name][key] for key in "abc"]
            axes.plot(n, curve(n / 1000, *law), color=colour, linestyle=dash, label=name)
        axes.set(xscale="log", xlabel="training showers", ylabel="AUC", xlim=(n[0] * 0.8, n[-1]))
        last = max(point["size"] for point in content["points"])
        axes.axvspan(last, n[-1], color="#8c8c8c", alpha=0.15, linewidth=0)
        axes.legend()
        _save(figure, path)


def _save(figure: Any, path: Path) -> None:  # noqa: ANN401 (matplotlib is imported late)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="svg", facecolor="white", metadata={"Date": None, "Creator": None})
