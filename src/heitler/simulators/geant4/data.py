"""The data files that Geant4 opens for electromagnetic showers.

Geant4 ends its process where a file is missing, so all that it will open is looked for beforehand.
For each element Z these are ``brem_SB/brZ`` (bremsstrahlung, Seltzer and Berger) and
``livermore/phot_epics2014/pe-*-Z.dat`` (photoelectric effect) of the set G4EMLOW; besides, the
set G4ENSDFSTATE is opened, and PhotonEvaporation must be a folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

__all__ = ["VARIABLE", "Geant4Data", "MissingDataError"]

VARIABLE = "HEITLER_GEANT4_DATA"

_SETS = {
    "G4LEDATA": "G4EMLOW",
    "G4ENSDFSTATEDATA": "G4ENSDFSTATE",
    "G4LEVELGAMMADATA": "PhotonEvaporation",
}
_REMEDY = (
    "Unpack geant4-em-data.tar.gz into an empty folder (tar xzf ... -C FOLDER) and set "
    f"{VARIABLE}=FOLDER;\n"
    "Geant4's own sets G4EMLOW, G4ENSDFSTATE and PhotonEvaporation in one folder, from Geant4's "
    "download page, do as well."
)


class MissingDataError(ValueError):
    """Data that Geant4 needs are not there; the message has three lines that say what to do."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"Geant4 lacks its data: {problem}.\n{_REMEDY}")


@dataclass(frozen=True, slots=True)
class Geant4Data:
    """Geant4's data sets.

    Arguments:
        folder: Where the sets are.
        sets: The folder of each set by Geant4's environment variable.
    """

    folder: Path
    sets: dict[str, Path]

    @classmethod
    def find(cls, folder: Path | str | None = None) -> Geant4Data:
        """The data sets of a folder; their own folders may end in a version (``G4EMLOW8.8``).

        Arguments:
            folder: The folder; by default the one that ``HEITLER_GEANT4_DATA`` names.

        Raises:
            MissingDataError: No folder is named, or a set is not in it.
        """
        folder = folder or os.environ.get(VARIABLE)
        if not folder:
            problem = f"{VARIABLE} is not set"
            raise MissingDataError(problem)
        folder = Path(folder).absolute()
        sets = {}
        for variable, name in _SETS.items():
            found = sorted(path for path in folder.glob(f"{name}*") if path.is_dir())
            if not found:
                problem = f"there is no {name} in {folder}"
                raise MissingDataError(problem)
            sets[variable] = found[-1]
        return cls(folder, sets)

    @property
    def environment(self) -> dict[str, str]:
        """Geant4's environment variables; the first keeps the bindings from downloading."""
        sets = {variable: str(path) for variable, path in self.sets.items()}
        return {"GEANT4_DATA_DIR": str(self.folder), **sets}

    def check(self, elements: Iterable[int]) -> None:
        """Makes sure of the files of some elements.

        Arguments:
            elements: Atomic numbers.

        Raises:
            MissingDataError: Files are missing; the message names the first.
        """
        missing = [path for path in self._files(elements) if not path.is_file()]
        if missing:
            problem = f"{missing[0]} is missing ({len(missing)} files are)"
            raise MissingDataError(problem)

    def checksum(self, elements: Iterable[int]) -> str:
        """SHA-256 of the files of some elements, names and contents.

        Arguments:
            elements: Atomic numbers.
        """
        whole = sha256()
        for path in self._files(elements):
            whole.update(path.name.encode() + b"\0" + sha256(path.read_bytes()).digest())
        return whole.hexdigest()

    def _files(self, elements: Iterable[int]) -> list[Path]:
        low = self.sets["G4LEDATA"]
        files = [self.sets["G4ENSDFSTATEDATA"] / "ENSDFSTATE.dat"]
        for z in sorted(set(elements)):
            # Hydrogen has one shell and so no table of others.
            kinds = ("cs", "low", "high") if z == 1 else ("cs", "low", "high", "ss-cs", "le-cs")
            files.append(low / "brem_SB" / f"br{z}")
            photoelectric = low / "livermore" / "phot_epics2014"
            files += [photoelectric / f"pe-{kind}-{z}.dat" for kind in kinds]
        return files
