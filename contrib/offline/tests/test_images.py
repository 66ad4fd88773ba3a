"""Images are built again only after a change of their content, and are restored from their archives."""

import tarfile
import uuid
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contrib.offline.images import catalogue, engine
from contrib.offline.images.build import Outcome, ensure
from contrib.offline.images.content import copy_content, folder_listing
from contrib.offline.images.errors import ImageError
from contrib.offline.images.mirrors import Mirrors, parse_index_targets
from contrib.offline.images.recipe import REPOSITORY, Dockerfile, tag


@dataclass(frozen=True)
class Tiny:
    """An image of one small file, for the tests of the cache."""

    name: str
    text: str
    base: None = None

    def content(self) -> str:
        return f"text-{self.text}"

    def make(self, mirrors: Mirrors, log: Path) -> None:
        del mirrors  # it does not depend on Debian
        folder = log.parent
        (folder / "text").write_text(self.text)
        with tarfile.open(folder / "root.tar", "w") as archive:
            archive.add(folder / "text", "text")
        engine.import_archive(folder / "root.tar", tag(self), content=self.content(), log=log)


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\n")
    (folder / "start.sh").write_text("#!/bin/sh\n")
    return folder


@pytest.fixture
def tiny_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """The name of an image that is removed with the test, and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("DEBIAN", "http://debian.invalid")
    monkeypatch.setenv("DEBIAN_SECURITY", "http://debian-security.invalid")
    name = f"tiny:{uuid.uuid4().hex[:12]}"
    yield name
    engine.remove(f"{REPOSITORY}/{name}")


def test_content_key_depends_on_file_name_and_execute_bit(context: Path) -> None:
    recipe = Dockerfile("some:1", catalogue.SID, context)
    contents = [recipe.content()]
    (context / "start.sh").write_text("#!/bin/sh\nexit\n")
    contents.append(recipe.content())
    (context / "start.sh").chmod(0o755)
    contents.append(recipe.content())
    (context / "start.sh").rename(context / "begin.sh")
    contents.append(recipe.content())
    assert len(set(contents)) == len(contents)


def test_content_key_depends_on_base_and_arguments(context: Path) -> None:
    first = Dockerfile("some:1", catalogue.SID, context, {"VERSION": "1"})
    assert first.content() == Dockerfile("some:1", catalogue.SID, context, {"VERSION": "1"}).content()
    assert first.content() != Dockerfile("some:1", catalogue.BOOKWORM, context, {"VERSION": "1"}).content()
    assert first.content() != Dockerfile("some:1", catalogue.SID, context, {"VERSION": "2"}).content()


def test_copied_context_has_same_content_and_is_readable(context: Path, tmp_path: Path) -> None:
    (context / "start.sh").chmod(0o700)
    (context / "etc").mkdir(mode=0o700)
    (context / "etc" / "conf").write_text("a=b")
    copy = tmp_path / "copy"
    copy.mkdir()
    copy_content(context, copy)
    assert folder_listing(copy) == folder_listing(context)
    assert [path.stat().st_mode & 0o777 for path in (copy / "start.sh", copy / "etc", copy / "etc/conf")] == [
        0o755,
        0o755,
        0o644,
    ]


@pytest.mark.docker
def test_image_is_built_once_then_found_then_loaded(tiny_name: str) -> None:
    recipe = Tiny(tiny_name, "one")
    assert ensure(recipe) is Outcome.BUILT
    assert ensure(recipe) is Outcome.CACHED
    assert engine.remove(tag(recipe))
    assert ensure(recipe) is Outcome.LOADED
    assert engine.content_of(tag(recipe)) == "text-one"


@pytest.mark.docker
def test_image_of_other_content_is_built_again(tiny_name: str, tmp_path: Path) -> None:
    ensure(Tiny(tiny_name, "one"))
    former = engine.image_id(f"{REPOSITORY}/{tiny_name}")
    assert former is not None
    assert ensure(Tiny(tiny_name, "two")) is Outcome.BUILT
    assert [path.name for path in (tmp_path / "loadtest/images").glob("tiny-*.tar")] == [
        f"{tiny_name.replace(':', '-')}-text-two.tar"
    ]
    assert engine.image_id(former) is None


def test_first_mirror_of_each_archive_is_used() -> None:
    listing = "Debian http://a/debian/\nDebian http://b/debian/\nDebian-Security http://a/security/\nOther http://c/"
    assert parse_index_targets(listing) == {
        "Debian": "http://a/debian",
        "Debian-Security": "http://a/security",
        "Other": "http://c",
    }


def test_unknown_image_is_refused_with_the_known_ones() -> None:
    assert catalogue.find("loadtest-test/postgres:18") is catalogue.find("postgres") is catalogue.POSTGRES
    with pytest.raises(ImageError, match=r"'oracle'.*postgres:18"):
        catalogue.find("oracle")
