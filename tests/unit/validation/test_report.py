"""The report: self-contained, complete, and written in full or not at all."""

import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from heitler.detectors import load_detector
from heitler.observables import OBSERVABLES
from heitler.validation import SpeedRow, report, validate, write_report
from heitler.validation.report import render
from heitler.validation.style import figure_style, to_svg

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


@pytest.fixture
def one_figure(monkeypatch):
    """Drawing takes seconds: here the page shows figures of one observable only."""
    monkeypatch.setattr(report, "OBSERVABLES", {"hits": OBSERVABLES["hits"]})


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


def test_every_observable_has_its_figures(page):
    parsed = Page(page)
    assert set(OBSERVABLES) <= set(parsed.ids)
    assert parsed.tags.count("figure") == 2 + 2 * len(OBSERVABLES)
    assert parsed.tags.count("figcaption") == parsed.tags.count("figure")


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
    part = page[page.index('<details id="layer_centre_x"') : page.index('id="layer_width_x"')]
    assert ">difference<" in part
    assert ">ratio<" not in part


def test_figures_take_the_colour_of_the_page(page):
    assert "#010203" not in page
    assert "currentColor" in page


def test_layers_of_rings_of_one_energy(tmp_path, toy_showers, write_showers, one_figure):
    detector = load_detector("calochallenge_ds1_pions")
    files = []
    for seed in (1, 2):
        showers = toy_showers(detector, 250, seed=seed)
        showers.particles.energy.fill_(5e4)
        files.append(write_showers(tmp_path / f"{seed}.h5", showers))
    comparison = validate(files[0], files[1:], tmp_path / "report", progress=False)
    assert len(comparison.energies) == 1
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert Page(page).tags.count("figure") == 3
    assert ">ring<" in page


def test_figures_keep_the_digits_that_are_read():
    from matplotlib.figure import Figure

    with figure_style():
        figure = Figure()
        figure.subplots().set_xticks([0.12345, 0.12355])
        svg = to_svg(figure, "name")
    assert ">0.12345<" in svg
    assert not re.search(r'd="[^"]*\.\d\d\d', svg)


def test_names_cannot_inject_markup(toy_comparison, one_figure):
    sample = replace(toy_comparison.reference, provenance={"simulator": "<script>x</script>"})
    assert "<script>x" not in render(replace(toy_comparison, reference=sample))


def test_speed_stands_in_the_same_table(toy_comparison, tmp_path, one_figure):
    speed = (SpeedRow("spoilt", "CPU", 100, 1, 0.6, 0.02, 0.5, 0.7, 267.0),)
    write_report(replace(toy_comparison, speed=speed), tmp_path / "report")
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    overview = page[page.index('id="overview"') : page.index('id="figures"')]
    assert "Time per shower, batch 100, CPU, 1 thread" in overview
    assert "534 \u00d7 less" in overview


def test_validate_writes_a_folder(toy_files, tmp_path, one_figure):
    output = tmp_path / "new" / "report"
    for _ in range(2):  # a report may be replaced
        comparison = validate(
            toy_files["geant4"],
            [toy_files["good"]],
            output,
            energy_bins=1,
            progress=False,
        )
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


@pytest.mark.parametrize("module", ["jinja2", "matplotlib"])
def test_without_an_extra_it_is_named(module, toy_comparison, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r"heitler\[validate\]"):
        render(toy_comparison)
