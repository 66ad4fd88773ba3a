"""The output of real containers is copied to a folder, which is checked before they start."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from docker.models.containers import Container

from core.errors import InputError
from core.options import OnExisting
from infra.platforms.docker.client import connect
from infra.platforms.docker.runner import DockerHandles, DockerRunner
from testkit.containers import require_image
from testkit.images import image
from tests.infra.fleet.plans import smallest_plan
from tests.infra.platforms.docker.archives import INSIDE, archive, manifest_of, member

pytestmark = pytest.mark.docker
FILES = {"users/part-00000000000000000000.csv": bytes(3 << 20) + b"\n"}


@pytest.fixture(scope="module")
def container() -> Iterator[Container]:
    """A container that is created and not started."""
    require_image(image("python"))
    name = f"loadtest-output-{uuid4().hex[:12]}"
    made = connect().containers.create(image("python"), ["true"], name=name, network_mode="none")
    yield made
    made.remove(force=True)


def runner(container: Container, output: Path) -> DockerRunner:
    handles = DockerHandles(
        prepare=container.id or "",
        plan_file="/tmp/plan.json",
        workers={"worker-1": container.id or ""},
        output_in_container=str(INSIDE),
        output_dir=str(output),
        stack="mine",
    )
    return DockerRunner(handles, smallest_plan(1, on_existing=OnExisting.FAIL))


def test_output_dir_with_other_file_is_refused_before_start(container: Container, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(
        InputError, match=r"^loadtest:outputDir: '.*' holds 'notes\.txt', which this stack did not write"
    ):
        runner(container, tmp_path).prepare(60, lambda: True)
    container.reload()
    assert container.status == "created"


def test_complete_output_is_copied(container: Container, tmp_path: Path) -> None:
    output = tmp_path / "out"
    (warning,) = runner(container, output).finish()
    assert "this run's were removed, since it did not complete" in warning
    assert not output.exists()
    manifest = manifest_of(FILES).model_dump_json().encode()
    entries = [member(f"{INSIDE}/{path}"[1:], content) for path, content in FILES.items()]
    assert container.put_archive("/", archive(*entries, member(f"{INSIDE}/loadtest-manifest.json"[1:], manifest)))
    assert list(runner(container, output).finish()) == []
    assert {path: (output / path).read_bytes() for path in FILES} == FILES
