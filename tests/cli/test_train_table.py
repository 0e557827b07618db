"""A model of a table from the command line: trained, assessed, inspected, refused as showers."""

from __future__ import annotations

import yaml

from heitler.cli import main
from heitler.simulators import NeuralTable, RichSimulator, TrackGun, generate_table

SETTINGS = {
    "data": {"file": "none.h5", "test": 220, "validation": 50, "columns": ["dll_K", "dll_p"]},
    "conditioning": [{"class_path": "heitler.preprocessing.LogMomentum"}],
    "preprocessing": [{"class_path": "heitler.preprocessing.Quantile"}],
    "model": {
        "class_path": "heitler.models.Regression",
        "init_args": {
            "hidden": [8],
            "law": {"class_path": "heitler.networks.Quantiles", "init_args": {"levels": 5}},
        },
    },
    "training": {"batch_size": 50, "stages": {"regression": {"epochs": 2}}},
}


def test_train_inspect_and_refuse(tmp_path, capsys):
    file, config, run = (tmp_path / name for name in ("rich.h5", "rich.yaml", "run"))
    generate_table(RichSimulator(), TrackGun(), file, number=600, seed=1, progress=False)
    config.write_text(yaml.safe_dump(SETTINGS))
    assert main(["train", str(config), "--data", str(file), "-o", str(run)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == str(run)
    assert [line.split()[0] for line in lines[1:5]] == ["dll_K", "dll_K", "dll_p", "dll_p"]
    assert "held-out rows among themselves" in lines[-1]
    card = NeuralTable.load(run).card
    assert [column.name for column in card.columns] == ["dll_K", "dll_p"]
    assert card.fidelity["rows"] == 110
    assert main(["inspect", str(run)]) == 0
    assert "momentum" in capsys.readouterr().out
    words = ["generate", str(run), "--energy", "5GeV", "-n", "3", "-o", str(tmp_path / "o.h5")]
    assert main(words) == 2
    assert "makes no showers but a table" in capsys.readouterr().err
