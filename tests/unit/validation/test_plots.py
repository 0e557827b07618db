"""Figures for a paper: each kind is drawn, as PDF and PNG, and nothing global changes."""

import matplotlib as mpl
import numpy as np

from heitler.validation.figures import Axis, Curve, Figure, Grid, Group, Mark, Matrix
from heitler.validation.plots import write_figures


def figure(kind, below):
    values = np.array([1.0, np.nan, 3.0])
    log = kind == "area"
    return Figure(
        name=kind,
        title="all energies",
        caption="c",
        x=Axis("energy in a cell", "MeV", log=log),
        y=Axis("showers", log=log),
        edges=np.array([1.0, 2.0, 4.0, 8.0]),
        reference=Curve("reference", values, 0.1 * values),
        candidates=(Curve("one", 2 * values, values), Curve("two", values, values)),
        kind=kind,
        below=below,
        marks=(Mark("MIP", 2.0),),
    )


def test_every_kind_is_written_twice_and_settings_stay(tmp_path):
    before = dict(mpl.rcParams)
    unit = np.eye(2)
    grids = Grid("reference", unit), (Grid("one", 0.5 * unit),)
    figures = (
        figure("area", "ratio"),
        figure("line", "difference"),
        figure("points", "ratio"),
        Matrix("matrix", "t", "c", Axis("observable"), ("energy", "hits"), *grids),
    )
    write_figures([Group("g", "G", "", figures)], tmp_path / "new" / "paper")
    written = sorted(path.name for path in (tmp_path / "new" / "paper").iterdir())
    names = ("area", "line", "matrix", "points")
    assert written == [f"{name}.{ending}" for name in names for ending in ("pdf", "png")]
    assert dict(mpl.rcParams) == before
    first = (tmp_path / "new" / "paper" / "area.pdf").read_bytes()
    write_figures([Group("g", "G", "", figures[:1])], tmp_path)
    assert (tmp_path / "area.pdf").read_bytes() == first
