"""Figures of docs/results/fastcalogan.md: over |eta|, and chi2 against epoch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from heitler.validation.style import REFERENCE, figure_style, line_styles

PARTICLES = {22: "photons", 11: "electrons"}
SHOWN = ("256", "1024", "4096")
"""Energies in MeV that figures show."""

Facts = Sequence[dict[str, Any]]
_PLAIN: Any = {"Date": None, "Creator": None}


def draw(facts: Facts, folder: Path) -> None:
    """Writes the three figures."""
    drawings = {"eta": _over_eta, "epochs": _over_epochs, "scores": _scores}
    for name, drawing in drawings.items():
        with figure_style():
            figure = drawing(facts)
            path = folder / f"fastcalogan-{name}.svg"
            figure.savefig(path, format="svg", facecolor="white", metadata=_PLAIN)


def of(facts: Facts, pdg: int) -> Facts:
    """The members of a particle type, in order of |eta|."""
    return [each for each in facts if each["pdg"] == pdg]


def _middle(each: dict[str, Any]) -> float:
    return sum(each["eta"]) / 2


def _over_eta(facts: Facts) -> Figure:
    figure = Figure(figsize=(7.2, 5), layout="constrained")
    grid = figure.subplots(2, 2, sharex=True, sharey="row")
    for column, (pdg, name) in enumerate(PARTICLES.items()):
        grid[0, column].set_title(name)
        for row, what in enumerate(("mean of $E_{vis}/E$", "width / mean of $E_{vis}/E$")):
            _curves(grid[row, column], of(facts, pdg), 2 * row)
            grid[row, 0].set_ylabel(what)
        grid[1, column].set_xlabel("|eta|")
    grid[0, 0].legend(ncols=2)
    return figure


def _curves(axes: Axes, members: Facts, place: int) -> None:
    """Geant4 with its errors as points, the bank as lines: entries `place` of the points."""
    eta = [_middle(each) for each in members]
    for energy, (colour, dash) in zip(SHOWN, line_styles(len(SHOWN)), strict=True):
        real = [each["points"]["Geant4"][energy] for each in members]
        made = [each["points"]["bank"][energy] for each in members]
        axes.errorbar(
            eta,
            [value[place] for value in real],
            [value[place + 1] for value in real],
            fmt="o",
            markersize=2.5,
            linewidth=0.8,
            color=colour,
            label=f"Geant4 {float(energy) / 1000:.2g} GeV",
        )
        values = [value[place] for value in made]
        axes.plot(eta, values, color=colour, linestyle=dash, label="bank")


def _over_epochs(facts: Facts) -> Figure:
    figure = Figure(figsize=(7.2, 3), layout="constrained")
    grid = figure.subplots(1, 2, sharey=True)
    for axes, (pdg, name) in zip(grid, PARTICLES.items(), strict=True):
        for each in of(facts, pdg):
            epochs, values = zip(*each["epochs"], strict=True)
            axes.plot(epochs, values, color=REFERENCE, linewidth=0.5)
            chosen = each["training"]["selected"]["adversarial"]
            axes.plot(chosen["epoch"], chosen["score"], "o", markersize=3, color="#0f7fd0")
        axes.set_title(name)
        axes.set_xlabel("epoch")
    grid[0].set_ylabel("chi2 per degree of freedom")
    return figure


def _scores(facts: Facts) -> Figure:
    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    grid = figure.subplots(2, 2, sharex=True, sharey="row")
    for column, (pdg, name) in enumerate(PARTICLES.items()):
        members = of(facts, pdg)
        eta = [_middle(each) for each in members]
        chi2, auc = grid[0, column], grid[1, column]
        for axes in (chi2, auc):
            axes.set_xlabel("|eta|" if axes is auc else "")
        chi2.set_title(name)
        chi2.plot(eta, [each["chi2"]["floor"] for each in members], "s", color=REFERENCE)
        chi2.plot(eta, [each["chi2"]["bank"] for each in members], "o", color="#0f7fd0")
        for place, colour, form, label in (
            (1, REFERENCE, "s", "Geant4 against Geant4"),
            (0, "#0f7fd0", "o", "bank against Geant4"),
        ):
            judged = [each for each in members if "auc" in each]
            values = [each["auc"][place] for each in judged]
            auc.errorbar(
                [_middle(each) for each in judged],
                [value for value, _ in values],
                [error for _, error in values],
                fmt=form,
                markersize=3,
                linewidth=0.8,
                color=colour,
                label=label,
            )
    grid[0, 0].set_ylabel("chi2 per degree of freedom")
    grid[1, 0].set_ylabel("AUC")
    grid[1, 0].legend()
    return figure
