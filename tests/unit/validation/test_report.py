"""The report: self-contained, complete, and written in full or not at all."""

import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from heitler.detectors import load_detector
from heitler.observables import OBSERVABLES
from heitler.validation import SpeedRow, validate, write_report
from heitler.validation.figures.catalogue import figure_groups
from heitler.validation.page import render
from heitler.validation.plots import write_figures

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """Checks that tags are balanced and collects identifiers and links."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.tags = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        values = dict(attrs)
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values[k] for k in ("href", "src", "xlink:href") if values.get(k)]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(toy_comparison):
    return render(toy_comparison)


def test_the_page_is_well_formed_and_self_contained(page):
    parsed = Page(page)
    assert parsed.open == []
    assert len(parsed.ids) == len(set(parsed.ids))
    for link in parsed.links:
        assert link.startswith(("data:", "#")), link
        assert link.startswith("data:") or link[1:] in parsed.ids
    assert set(re.findall(r"https?://[^\"' <)]+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert len(page) < 15e6


def data(page):
    return json.loads(re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page)[1])


def test_every_observable_has_its_figures(page, toy_comparison):
    parsed = Page(page)
    assert set(OBSERVABLES) <= set(parsed.ids)
    named = [figure.name for group in figure_groups(toy_comparison) for figure in group.every()]
    assert len(named) == len(set(named)) > 80
    places = re.findall(r'class="plot" data-figure="([^"]+)"', page)
    assert places == named == list(data(page)["figures"])
    assert set(named) <= set(parsed.ids)
    assert parsed.tags.count("figcaption") == parsed.tags.count("figure") == len(named) + 3


def test_every_estimate_of_the_overview_is_beside_its_floor(page, toy_comparison):
    overview = page[page.index('id="overview"') : page.index('id="figures"')]
    assert str(toy_comparison.rows[0].floor).split(" ±")[0] in overview
    assert "Classifier AUC" in overview


def test_what_betrays_each_candidate_is_told(page, toy_comparison):
    summary = page[page.index('id="summary"') : page.index('id="overview"')]
    assert summary.count("What betrays it") == len(toy_comparison.candidates) == 2
    for each in toy_comparison.betrayals:
        assert each.feature in summary
        assert f"{each.drop:.4f}" in summary


def test_positions_are_compared_by_differences(page):
    figures = data(page)["figures"]
    assert figures["layer_centre_x-0"]["below"] == "difference"
    assert figures["layer_energy-0"]["below"] == "ratio"


def test_layers_of_rings_of_one_energy(tmp_path, toy_showers, write_showers):
    detector = load_detector("calochallenge_ds1_pions")
    files = []
    for seed in (1, 2):
        showers = toy_showers(detector, 250, seed=seed)
        showers.particles.energy.fill_(5e4)
        files.append(write_showers(tmp_path / f"{seed}.h5", showers))
    comparison = validate(files[0], files[1:], tmp_path / "report", progress=False)
    assert len(comparison.energies) == 1
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "radial_profile-ring-3" in data(page)["figures"]
    assert "performance-angle-linearity" not in data(page)["figures"]
    assert len(data(page)["showers"]["examples"][0]) == 3


def test_names_cannot_inject_markup(toy_comparison):
    markup = "</script><script>x</script>"
    sample = replace(toy_comparison.reference, name=markup, provenance={"simulator": markup})
    assert "<script>x" not in render(replace(toy_comparison, reference=sample))


def test_speed_stands_in_the_same_table(toy_comparison, tmp_path):
    speed = (SpeedRow("spoilt", "CPU", 100, 1, 0.6, 0.02, 0.5, 0.7, 267.0),)
    write_report(replace(toy_comparison, speed=speed), tmp_path / "report")
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    overview = page[page.index('id="overview"') : page.index('id="figures"')]
    assert "Time per shower, batch 100, CPU, 1 thread" in overview
    assert "534 \u00d7 less" in overview


def test_validate_writes_a_folder(toy_showers, write_showers, tmp_path):
    files = [
        write_showers(tmp_path / f"{seed}.h5", toy_showers(count=200, seed=seed))
        for seed in (1, 2)
    ]
    output = tmp_path / "new" / "report"
    comparison = validate(files[0], files[1:], output, energy_bins=1, progress=False)
    write_report(comparison, output)  # a report may be replaced
    assert sorted(entry.name for entry in output.iterdir()) == ["metrics.json", "report.html"]
    assert json.loads((output / "metrics.json").read_text())["size"] == comparison.size


def test_a_folder_with_other_things_is_left_alone(toy_files, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match=r"holds other things \(thesis.tex\)"):
        validate(toy_files["geant4"], [toy_files["good"]], tmp_path, progress=False)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_files_of_one_name_are_told_apart_by_their_folders(toy_files, tmp_path):
    with pytest.raises(ValueError, match="different names"):
        validate(toy_files["geant4"], [toy_files["good"]] * 2, tmp_path / "r", progress=False)


def test_without_an_extra_it_is_named(toy_comparison, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ImportError, match=r"heitler\[validate\]"):
        render(toy_comparison)
    monkeypatch.setitem(sys.modules, "mplhep", None)
    with pytest.raises(ImportError, match=r"heitler\[validate\]"):
        write_figures([], tmp_path)
