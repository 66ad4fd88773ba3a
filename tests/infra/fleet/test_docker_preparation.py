"""A preparation in a container, which nobody waits for any more."""

import time
from collections.abc import Iterator

import pytest
from docker.models.containers import Container

from infra.fleet.docker import DockerHandles, DockerRunner, client
from spec.plan import LoadPlan, partition
from spec.results import ExitReason
from spec.schema_file import load_schema
from tests.infra.configuration import ROOT
from tests.tools.containers import require_image
from tools.images import catalogue
from tools.images.recipe import tag

pytestmark = pytest.mark.docker


@pytest.fixture
def container() -> Iterator[Container]:
    """One that would run for ten minutes."""
    require_image(catalogue.PYTHON)
    made = client().containers.create(tag(catalogue.PYTHON), ["sleep", "600"], network_mode="none")
    yield made
    made.remove(force=True)


def test_it_is_ended(container: Container) -> None:
    schema = load_schema(ROOT / "schemas" / "shop.yaml")
    plan = LoadPlan(
        run_id="run",
        source="csv",
        method="bulk",
        batch_size=1,
        seed=1,
        row_count=1,
        limits=None,
        data=schema,
        workers=partition(schema, ["users"], 1, 1, 1),
    )
    prepare = container.id or ""
    handles = DockerHandles(prepare=prepare, plan_file="/tmp/plan.json", workers={}, output_in_container="/out")

    def wanted() -> bool:
        container.reload()
        return container.status != "running"

    started = time.monotonic()
    assert DockerRunner(handles, plan).prepare(300, wanted).reason is ExitReason.INTERRUPTED
    assert time.monotonic() - started < 60
    container.reload()
    assert container.status == "exited"
