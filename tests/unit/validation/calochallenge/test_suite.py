"""The evaluation end to end, on made-up showers."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from heitler.cli import main
from heitler.validation.calochallenge import evaluate, leaderboard, read_published


def test_geant4_against_itself_is_at_the_floor_and_a_scaled_copy_is_not(toy_challenge, tmp_path):
    reference, again = toy_challenge(seed=1), toy_challenge(seed=2)
    scaled = toy_challenge(seed=3, scale=1.1)
    floor, same, other = evaluate(
        reference, [again, scaled], tmp_path / "out", detector="calochallenge_ds1_photons"
    )
    assert floor.name == "floor"
    assert floor.sizes == (300, 300)
    assert same.sizes == (600, 600)
    for key in ("sep E total", "sep cell"):
        # The floor is of half as many showers: twice as large on average.
        assert same.scores[key].value < floor.scores[key].value + 3 * floor.scores[key].error
    moved, equal = (result.scores["sep E total"] for result in (other, same))
    assert moved.value > equal.value + 4 * np.hypot(moved.error, equal.error)
    assert other.scores["sep E layer"].value > same.scores["sep E layer"].value
    assert "binary cls low" not in same.scores
    content = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert [result["name"] for result in content["results"]] == [
        "floor",
        again.stem,
        scaled.stem,
    ]
    rows = content["results"][1]["separation_powers"]
    assert {"published_convention", "with_overflow"} <= rows[0].keys()


def table(tmp_path, text):
    path = tmp_path / "results.csv"
    path.write_text(text)
    return path


PUBLISHED = """submission id,submission name,sep E total,sep cell,FPD * 1e3,KPD * 1e3
0,GEANT4,"[0.0002, 0.0004]","[1e-6, 3e-6]",0.1,0.02
1,A,0.5,0.4,3.0,-0.5
2,B,0.6,,90000.0,0.3
"""


def test_published_scores_are_read(tmp_path):
    scores = read_published(table(tmp_path, PUBLISHED))
    assert scores["GEANT4"]["sep E total"] == pytest.approx(3e-4)
    assert scores["GEANT4"]["sep cell"] == pytest.approx(2e-6)
    assert "sep cell" not in scores["B"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "expected a column 'submission name'"),
        ("submission name,sep cell\nA,x\n", "a score that is no number"),
    ],
)
def test_what_is_no_table_of_scores(text, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read_published(table(tmp_path, text))


def test_ranks_of_a_leaderboard(tmp_path):
    lines = leaderboard(
        {"mine": {"sep E total": 0.55, "KPD * 1e3": -0.1}},
        read_published(table(tmp_path, PUBLISHED)),
    )
    assert lines[0].split("  ")[0] == ""
    assert [line.split("  ")[0] for line in lines[1:]] == ["GEANT4", "A", "* mine", "B"]
    assert "0.55 (3)" in lines[3]
    assert "-0.1 (2)" in lines[3]  # by magnitude
    assert "-0.5 (4)" in lines[2]


def test_the_organisers_table(shared_data):
    scores = read_published(shared_data("third_party/calochallenge/results_dataset_1_photons.csv"))
    assert len(scores) == 16
    for column, name, value in (
        ("FPD * 1e3", "CaloScore", 0.4381),
        ("binary cls low", "CaloINN", 0.62592),
        ("binary cls high", "CaloDiffusion", 0.53636),
    ):
        models = {key: entry[column] for key, entry in scores.items() if key != "GEANT4"}
        assert min(models, key=models.get) == name
        assert models[name] == pytest.approx(value, abs=5e-6)
    assert scores["GEANT4"]["sep E total"] == pytest.approx(3.96e-4, abs=5e-7)


def test_the_verb_prints_scores_and_leaderboard(toy_challenge, tmp_path, capsys):
    files = [str(toy_challenge(seed=seed)) for seed in (1, 2)]
    words = ["--suite", "calochallenge", "--detector", "calochallenge_ds1_photons"]
    published = ["--published", str(table(tmp_path, PUBLISHED))]
    assert main(["validate", *files, *words, *published, "-o", str(tmp_path / "o")]) == 0
    out = capsys.readouterr().out
    assert "centre eta 1" in out
    assert "E total by energy 4194 GeV" in out
    assert "sep sparsity" in out
    assert "GEANT4" in out
    assert "600 against 600" in out
    assert out.splitlines()[-1] == str(tmp_path / "o" / "report.html")
    page = (tmp_path / "o" / "report.html").read_text(encoding="utf-8")
    assert '<tr class="ours"><th scope="row">ds1_photons_2_600_1.0 ' in page
    assert "GEANT4" in page
    assert "http://" not in page.replace("http://www.w3.org/", "")
    data = json.loads(re.search(r'id="report-data">(.*?)</script>', page, re.DOTALL)[1])
    drawn = set(re.findall(r'data-figure="([^"]*)"', page))
    assert drawn == set(data["figures"])
    assert {"e-total", "cell", "e-layer-0", "centre-eta-1", "sparsity-12"} <= drawn
    for curve in data["figures"]["e-layer-0"]["curves"]:
        assert 0.9 < sum(curve["values"]) + curve["beyond"] < 1.001


def test_other_detectors_and_options_without_the_suite(toy_file, toy_challenge, tmp_path, capsys):
    words = ["-o", str(tmp_path / "o")]
    suite = ["--suite", "calochallenge"]
    assert main(["validate", str(toy_file), str(toy_file), *suite, *words]) == 2
    assert "toy is not a detector of the CaloChallenge" in capsys.readouterr().err
    assert main(["validate", str(toy_file), str(toy_file), "--classifier", *words]) == 2
    assert "go with --suite calochallenge" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()
