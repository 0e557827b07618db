"""Geant4's data: found, checked for every element, and asked for in three lines."""

import pytest

from heitler.simulators.geant4 import Geant4Data, MissingDataError

PHOTOELECTRIC = ("cs", "low", "high", "ss-cs", "le-cs")


@pytest.fixture
def folder(tmp_path):
    """Data sets with versions in their names, for silicon and hydrogen."""
    photoelectric = tmp_path / "G4EMLOW8.8" / "livermore" / "phot_epics2014"
    for place in (photoelectric, tmp_path / "G4EMLOW8.8" / "brem_SB"):
        place.mkdir(parents=True)
    for place in ("G4ENSDFSTATE3.0", "PhotonEvaporation6.1"):
        (tmp_path / place).mkdir()
    (tmp_path / "G4ENSDFSTATE3.0" / "ENSDFSTATE.dat").touch()
    for z, kinds in ((14, PHOTOELECTRIC), (1, PHOTOELECTRIC[:3])):
        (tmp_path / "G4EMLOW8.8" / "brem_SB" / f"br{z}").write_text("1")
        for kind in kinds:
            (photoelectric / f"pe-{kind}-{z}.dat").write_text("1")
    return tmp_path


def test_sets_are_found_with_their_versions(folder, monkeypatch):
    data = Geant4Data.find(folder)
    assert data.environment == {
        "GEANT4_DATA_DIR": str(folder),
        "G4LEDATA": str(folder / "G4EMLOW8.8"),
        "G4ENSDFSTATEDATA": str(folder / "G4ENSDFSTATE3.0"),
        "G4LEVELGAMMADATA": str(folder / "PhotonEvaporation6.1"),
    }
    data.check([1, 14])
    monkeypatch.setenv("HEITLER_GEANT4_DATA", str(folder))
    assert Geant4Data.find() == data


def test_what_is_missing_is_said_in_three_lines(folder, tmp_path, monkeypatch):
    monkeypatch.delenv("HEITLER_GEANT4_DATA", raising=False)
    data = Geant4Data.find(folder)
    for attempt, problem in (
        (Geant4Data.find, "HEITLER_GEANT4_DATA is not set"),
        (lambda: Geant4Data.find(tmp_path / "absent"), "there is no G4EMLOW in"),
        (lambda: data.check([14, 74]), r"br74 is missing \(6 files are\)"),
    ):
        with pytest.raises(MissingDataError, match=problem) as caught:
            attempt()
        assert str(caught.value).count("\n") == 2


@pytest.mark.parametrize("kind", PHOTOELECTRIC)
def test_every_file_of_an_element_is_looked_for(kind, folder):
    (folder / "G4EMLOW8.8" / "livermore" / "phot_epics2014" / f"pe-{kind}-14.dat").unlink()
    with pytest.raises(MissingDataError, match=rf"pe-{kind}-14.dat is missing \(1 files"):
        Geant4Data.find(folder).check([14])


def test_the_checksum_is_that_of_the_files_in_use(folder):
    data = Geant4Data.find(folder)
    before, hydrogen = data.checksum([14]), data.checksum([1])
    (folder / "G4EMLOW8.8" / "brem_SB" / "br14").write_text("2")
    assert data.checksum([14]) != before
    assert data.checksum([1]) == hydrogen
