"""heitler reconstruct FILE -o TABLE."""

from __future__ import annotations

import pytest
import torch

from heitler.cli import main
from heitler.formats import create_showers, open_table, read_table
from heitler.reconstruction import Reconstruction


@pytest.fixture
def others(toy_law, tmp_path):
    showers = toy_law(150, seed=9)
    with create_showers(tmp_path / "others.h5", showers.detector) as writer:
        writer.write(showers)
    return tmp_path / "others.h5"


def test_it_writes_what_the_library_finds(toy_file, toy_law, others, tmp_path, capsys):
    output = tmp_path / "table.h5"
    words = ["reconstruct", str(others), "--calibration", str(toy_file), "-o", str(output)]
    assert main(words) == 0
    assert capsys.readouterr().out.strip() == str(output)
    chain = Reconstruction.of(toy_law(1).detector)
    chain = chain.calibrated(chain(toy_law(), seed=2))
    table, wanted = read_table(output), chain(toy_law(150, seed=9), seed=1)
    assert table.columns == wanted.columns
    torch.testing.assert_close(table.values, wanted.values)
    with open_table(output) as reader:
        facts = reader.provenance
    assert facts["calibrated_on"] == "toy.h5"
    assert facts["reconstruction"]["calibration"] == chain.content["calibration"] | {
        "weights": list(chain.calibration.weights),
        "response": list(chain.calibration.response),
    }


def test_options_reach_the_digitisation(toy_file, tmp_path):
    tables = []
    for index, words in enumerate(([], ["--threshold", "3"], ["--mip", "1"], ["--noise", "0.4"])):
        output = tmp_path / f"{index}.h5"
        assert main(["reconstruct", str(toy_file), "-o", str(output), *words]) == 0
        tables.append(read_table(output).column("hits").mean().item())
    plain, high, coarse, noisy = tables
    assert high < plain
    assert coarse < plain
    assert noisy > plain


def test_what_makes_no_sense_is_one_line(toy_file, tmp_path, capsys):
    output = ["-o", str(tmp_path / "table.h5")]
    assert main(["reconstruct", "nowhere.h5", *output]) == 2
    words = [str(toy_file), "--calibration", "ild_photons_coarse", *output]
    assert main(["reconstruct", *words]) == 2
    assert main(["reconstruct", str(toy_file), "--threshold", "-1", *output]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 3
    assert "showers of the same detector" in error
    assert not list(tmp_path.iterdir())
