"""The worker's wheels are fetched once per requirements file, and the folder contains exactly those."""

import platform
import zipfile
from pathlib import Path

import pytest

from contrib.offline.images.errors import ImageError
from contrib.offline.images.wheels import fetch, image_platforms


def make_wheel(folder: Path, name: str, version: str, tags: str = "py3-none-any") -> None:
    """Create an empty wheel that pip accepts."""
    folder.mkdir(exist_ok=True)
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-{tags}.whl", "w") as wheel:
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{about}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tags}\n")
        wheel.writestr(f"{about}/RECORD", "")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that serves as an index, and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "index"
    make_wheel(folder, "one", "1.0")
    make_wheel(folder, "one", "2.0")
    return folder


def requirements(folder: Path, index: Path, *lines: str) -> Path:
    path = folder / "requirements.txt"
    path.write_text("\n".join(["--no-index", f"--find-links {index}", *lines]) + "\n")
    return path


def test_wheels_are_fetched_again_after_requirements_change(index: Path, tmp_path: Path) -> None:
    target = tmp_path / "wheels"
    assert fetch(requirements(tmp_path, index, "one==1.0"), target)
    assert not fetch(requirements(tmp_path, index, "one==1.0"), target)
    assert fetch(requirements(tmp_path, index, "one==2.0"), target)
    assert [path.name for path in target.iterdir()] == ["one-2.0-py3-none-any.whl"]


def test_removed_folder_is_restored_from_the_cache(index: Path, tmp_path: Path) -> None:
    wanted = requirements(tmp_path, index, "one==1.0")
    fetch(wanted, tmp_path / "wheels")
    for path in index.iterdir():
        path.unlink()
    assert not fetch(wanted, tmp_path / "another")
    assert [path.name for path in (tmp_path / "another").iterdir()] == ["one-1.0-py3-none-any.whl"]


def test_wheels_are_those_that_the_image_can_install(index: Path, tmp_path: Path) -> None:
    machine = platform.machine()
    newest = image_platforms(machine)[0]
    make_wheel(index, "two", "1.0", f"cp311-cp311-{newest}")
    make_wheel(index, "two", "2.0", f"cp312-cp312-manylinux_2_17_{machine}")
    make_wheel(index, "two", "3.0", "cp311-cp311-win_amd64")
    fetch(requirements(tmp_path, index, "two"), tmp_path / "wheels")
    assert [path.name for path in (tmp_path / "wheels").iterdir()] == [f"two-1.0-cp311-cp311-{newest}.whl"]


def test_missing_file_and_unknown_package_are_named(index: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"absent\.txt is missing"):
        fetch(tmp_path / "absent.txt", tmp_path / "wheels")
    with pytest.raises(ImageError, match="No matching distribution found for unheard"):
        fetch(requirements(tmp_path, index, "unheard"), tmp_path / "wheels")
