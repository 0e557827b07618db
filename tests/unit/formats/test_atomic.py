"""Files and folders that are there in full or not at all."""

import pytest

from heitler.formats import atomic_file, atomic_folder


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def interrupted(context):
    with context as part:
        (part / "half" if part.is_dir() else part).write_text("half")
        raise KeyboardInterrupt


def test_a_file_appears_at_the_end_and_replaces_what_was_there(tmp_path):
    target = tmp_path / "new" / "folder" / "x.h5"
    for content in ("one", "two"):
        before = target.read_text() if target.exists() else None
        with atomic_file(target) as part:
            part.write_text(content)
            assert (target.read_text() if target.exists() else None) == before
        assert target.read_text() == content
    assert names(target.parent) == ["x.h5"]


def test_an_exception_keeps_the_old_file_and_removes_new_folders(tmp_path):
    old = tmp_path / "x.h5"
    old.write_text("old")
    for target in (old, tmp_path / "new" / "folder" / "x.h5"):
        with pytest.raises(KeyboardInterrupt):
            interrupted(atomic_file(target))
    assert old.read_text() == "old"
    assert names(tmp_path) == ["x.h5"]


def test_what_a_killed_run_left_behind_is_started_afresh(tmp_path):
    (tmp_path / ".x.h5.part").write_text("left behind")
    with atomic_file(tmp_path / "x.h5") as part:
        assert part.read_text() == ""
    assert names(tmp_path) == ["x.h5"]
    (tmp_path / ".run.part").mkdir()
    (tmp_path / ".run.part" / "left_behind").touch()
    with atomic_folder(tmp_path / "run") as part:
        assert not list(part.iterdir())
    assert names(tmp_path) == ["run", "x.h5"]


@pytest.mark.parametrize("atomic", [atomic_file, atomic_folder])
@pytest.mark.parametrize("place", ["file.txt/x", "file.txt/deeper/x", "/proc/x", "/proc/deeper/x"])
def test_a_place_that_is_not_writable_is_named(atomic, place, tmp_path):
    (tmp_path / "file.txt").touch()
    target = tmp_path / place
    with pytest.raises(OSError, match="is not a writable folder") as error, atomic(target):
        pass
    assert f"cannot write {target}: {target.parent}" in str(error.value)


def test_a_file_is_no_folder_and_a_folder_no_file(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="it is a folder"), atomic_file(tmp_path):
        pass
    with pytest.raises(OSError, match="it is a file"), atomic_folder(tmp_path / "file"):
        pass


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    target = tmp_path / "new" / "run"
    for name in ("a", "b"):
        with atomic_folder(target) as part:
            (part / "sub").mkdir()
            (part / "sub" / name).touch()
        assert names(target / "sub") == [name]
    with pytest.raises(KeyboardInterrupt):
        interrupted(atomic_folder(target))
    assert names(target / "sub") == ["b"]
    assert names(target.parent) == ["run"]


def test_a_folder_comes_back_when_its_replacement_was_killed(tmp_path):
    (tmp_path / ".run.old").mkdir()
    (tmp_path / ".run.old" / "precious").touch()
    with pytest.raises(KeyboardInterrupt):
        interrupted(atomic_folder(tmp_path / "run"))
    assert names(tmp_path / "run") == ["precious"]
