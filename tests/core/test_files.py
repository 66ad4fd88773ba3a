import pytest

from core.files import unfinished_file, write_atomically


def test_write_atomically_replaces_file(tmp_path):
    file = tmp_path / "state.json"
    write_atomically(file, "first")
    write_atomically(file, "s\u00e9cond\n")
    assert file.read_bytes() == b"s\xc3\xa9cond\n"
    assert list(tmp_path.iterdir()) == [file]


def test_write_atomically_keeps_earlier_file_on_failure(tmp_path, monkeypatch):
    file = tmp_path / "state.json"
    write_atomically(file, "first")

    def fail(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="no space left"):
        write_atomically(file, "second")
    assert file.read_text() == "first"


def test_unfinished_file_is_in_the_same_folder(tmp_path):
    assert unfinished_file(tmp_path / "part.csv") == tmp_path / "part.csv.tmp"
