"""`heitler validate` from files to report."""

import json

import pytest

from heitler.cli import main
from heitler.formats import create_showers


@pytest.fixture
def showers(tmp_path, toy_showers):
    def write(name, seed, scale=1.0):
        made = toy_showers(count=300, seed=seed)
        made.deposits.mul_(scale)
        with create_showers(tmp_path / name, made.detector) as writer:
            writer.write(made)
        return str(tmp_path / name)

    return write


def test_a_report_and_a_table(showers, tmp_path, capsys):
    files = [showers("geant4.h5", 1), showers("good.h5", 2), showers("bright.h5", 3, 2.0)]
    report = tmp_path / "report"
    words = ["validate", *files, "-o", str(report), "--threshold", "100keV", "--energy-bins", "1"]
    words += ["--floor", showers("again.h5", 4), "--training", showers("training.h5", 5)]
    assert main(words) == 0
    output = capsys.readouterr().out.splitlines()
    assert output[-1] == str(report / "report.html")
    response = next(line for line in output if line.startswith("Mean response"))
    assert response.count("±") == 3
    assert "!" in response
    content = json.loads((report / "metrics.json").read_text())
    assert content["threshold_MeV"] == 0.1
    assert content["size"] == 300
    assert set(content["candidates"]) == {"good", "bright"}
    assert sum(row["metric"] == "data_copying" for row in content["rows"]) == 2
    assert "<html" in (report / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["absent.h5", "absent.h5", "-o", "x"], "absent.h5"),
        (["a.h5", "b.h5"], "-o"),
        (["a.h5", "b.h5", "-o", "x", "--threshold", "0.1"], "0.1MeV"),
    ],
)
def test_bad_input_is_one_line(words, message, capsys):
    assert main(["validate", *words]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1
    assert message in error[0]
