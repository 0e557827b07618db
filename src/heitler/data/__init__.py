"""Small samples of real Geant4 showers that ship with the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

__all__ = ["QUICKSTART", "resolve", "samples"]

_FOLDER = Path(str(files("heitler.data")))

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
