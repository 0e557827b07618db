"""The pure parts of benchmarks/compound_hits.py: bars, curves, published points, the page."""

from __future__ import annotations

import importlib
import json
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lightning")
pytest.importorskip("sklearn")
FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


def test_a_curve_is_found_again_and_extrapolated(load):
    learning = load("compound_hits_learning")
    sizes = np.array([500, 1000, 2500, 4500, 9000])
    values = 0.55 + 0.2 * (sizes / 1000) ** -0.7
    fit = learning.fit_curve(sizes, values, np.full(5, 1e-4), least=0.5, at=(100_000,))
    assert fit["a"] == pytest.approx(0.55, abs=2e-3)
    assert fit["b"] == pytest.approx(0.2, abs=2e-3)
    assert fit["c"] == pytest.approx(0.7, abs=2e-2)
    value, low, high = fit["at"]["100000"]
    assert low <= value <= high
    assert value == pytest.approx(0.55 + 0.2 * 100**-0.7, abs=2e-3)


def test_the_asymptote_stays_above_its_limit_and_errors_widen_the_interval(load):
    learning = load("compound_hits_learning")
    sizes, values = [500, 1000, 2500, 4500], [0.70, 0.60, 0.53, 0.505]
    widths = []
    for error in (0.002, 0.02):
        fit = learning.fit_curve(sizes, values, [error] * 4, least=0.5)
        assert fit["a"] >= 0.5
        _, low, high = fit["at"]["100000"]
        assert low >= 0.5
        widths.append(high - low)
    assert widths[0] < widths[1]


def test_a_curve_needs_three_sizes(load):
    learning = load("compound_hits_learning")
    with pytest.raises(ValueError, match="three sizes"):
        learning.fit_curve([500, 500, 1000], [0.7, 0.7, 0.6], [0.01] * 3)


def content(value):
    study = importlib.import_module("compound_hits_study")
    fidelity = importlib.import_module("compound_hits_fidelity")
    names = [*fidelity.AUC_METRICS, "hits", "layer profile"]
    scores = dict.fromkeys(names, 0.5) | {"hits": value, "layer profile": 0.02}
    run = {"seed": 1, "scores": scores, "wall": 60.0, "cpu": 55.0}
    floor = dict.fromkeys(names, 0.5) | {"hits": 0.01}
    body = {"size": 1500, "training": 4200, "runs": [run, run], "floors": [floor], "angles": {}}
    return study.CASES["ild_ecal"], body


def test_bars_are_computed_from_values_and_floors(load):
    fidelity = load("compound_hits_fidelity")
    for value, passed in ((0.019, True), (0.021, False)):
        found = {line.metric: line for line in fidelity.lines(*content(value))}
        assert found["hits"].bar == pytest.approx(0.02)
        assert found["hits"].passed is passed
        assert found["layer profile"].bar == 0.03
        assert found["layer profile"].passed is True
        assert found["A trees"].bar == 0.6
        assert found["training, s (wall)"].passed is True


def test_a_published_point_is_ahead_where_it_is_faster_and_better_on_a_level(load):
    field = load("compound_hits_field")

    def point(name, low, high, time_):
        return field.Point(name, "sample", low, high, time_, "CPU batch 100", "source")

    points = [
        point("slow", 0.4, 0.4, 2.0),
        point("worse", 0.8, 0.8, 0.5),
        point("low", 0.55, 0.8, 0.5),
        point("high", None, 0.55, 0.5),
        point("silent", None, None, 0.5),
    ]
    assert [p.name for p in field.ahead(points, 1.0, 0.6, 0.6)] == ["low", "high"]


def test_published_points_state_their_source(load):
    points = load("compound_hits_field").others()
    assert points
    assert all(point.source and point.milliseconds > 0 for point in points)


def test_stages_have_exclusive_times(load):
    timer = load("compound_hits_clock")

    class Work:
        def inner(self):
            time.sleep(0.02)

        def outer(self):
            time.sleep(0.01)
            self.inner()

    work = Work()
    clock = timer.StageClock([("in", work, "inner"), ("out", work, "outer"), ("no", work, "none")])
    with clock.watch():
        work.outer()
    assert set(clock.seconds) == {"in", "out"}
    assert clock.seconds["in"] >= 0.02
    assert 0.01 <= clock.seconds["out"] < 0.02
    assert vars(work) == {}


def test_the_page_is_made_from_what_was_measured(load, tmp_path, monkeypatch):
    results = load("results")
    script = load("compound_hits")
    study_module = load("compound_hits_study")
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    study = study_module.Study(tmp_path / "data", tmp_path / "runs", tmp_path / "numbers")
    empty = script.write(study).read_text()
    assert empty.count("Not measured yet") >= 5
    assert "No bar was measured yet" in empty
    study.keep("fidelity_ild_ecal", content(0.021)[1], [])
    page = script.write(study).read_text()
    assert "hits 0.021 (bar 0.02)" in page
    assert "photons in `ild_ecal`" in page
    assert json.loads((study.output / "fidelity_ild_ecal.json").read_text())["origin"]["code"]


def test_a_speed_is_not_printed_without_its_fidelity(load, tmp_path):
    fidelity, study_module = load("compound_hits_fidelity"), load("compound_hits_study")
    study = study_module.Study(tmp_path, tmp_path, tmp_path)
    with pytest.raises(SystemExit, match="fidelity"):
        fidelity.headline(study, study_module.CASES["ild_ecal"])
