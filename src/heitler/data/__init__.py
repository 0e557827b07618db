"""What ships with the package: small samples of real Geant4 showers, and trained models.

A packaged model is a folder ``models/NAME`` with ``config.yaml``, ``model.safetensors`` and
``card.json``: what `heitler.simulators.NeuralSimulator` needs of a run directory.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

__all__ = ["QUICKSTART", "models", "resolve", "resolve_model", "samples"]

_FOLDER = Path(str(files("heitler.data")))
_MODELS = _FOLDER / "models"

QUICKSTART = _FOLDER / "quickstart.yaml"
"""Configuration of the default model."""


def samples() -> list[str]:
    """Names of the packaged samples, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*.h5"))


def resolve(name: str | Path) -> Path:
    """The path of a packaged sample; any other name is a path already.

    Raises:
        ValueError: There is neither such a file nor such a sample.
    """
    path = Path(name)
    if path.exists():
        return path
    if str(name) in samples():
        return _FOLDER / f"{name}.h5"
    msg = f"{name} is neither a file nor a packaged sample ({', '.join(samples()) or 'none'})"
    raise ValueError(msg)


def models() -> list[str]:
    """Names of the packaged trained models, sorted."""
    return sorted(card.parent.name for card in _MODELS.glob("*/card.json"))


def resolve_model(name: str | Path) -> Path:
    """The folder of a trained model: a path that exists comes first, then a packaged model.

    Arguments:
        name: Path of a run directory, or a name of `models()`.

    Raises:
        ValueError: There is neither such a path nor such a model.
    """
    path = Path(name)
    if path.exists():
        return path
    if str(name) in models():
        return _MODELS / str(name)
    msg = f"{name} is neither a run directory nor a packaged model (heitler list models has them)"
    raise ValueError(msg)
