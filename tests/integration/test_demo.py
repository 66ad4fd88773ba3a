"""`make demo` in a fresh clone: the small preset on this machine, its report, and nothing left after `make destroy`."""

from collections.abc import Generator

import pytest

from testkit.clone import Clone, Done, Stack
from testkit.requires import requires
from tests.integration import server

pytestmark = pytest.mark.engine


class Demo:
    """Two runs of `make demo` in one clone, with the stack's outputs and the server's rows after the first."""

    def __init__(self, clone: Clone) -> None:
        self.stack = Stack(clone, {}, name="small")
        self.first = self.make("demo").succeeded()
        self.outputs = self.stack.outputs()
        self.results = [worker["result"] for worker in self.stack.report_json()["workers"]]
        self.rows = server.rows_in(self.stack.connection_string())
        self.second = self.make("demo").succeeded()

    def make(self, goal: str) -> Done:
        return self.stack.run("make", goal)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, clone: Clone) -> Generator[Demo]:
    made = (clone.folder / ".venv" / ".made").exists()
    requires(made, "environment", "the tests run outside of the project's own virtual environment")
    demo = Demo(Clone(tmp_path_factory.mktemp("fresh") / "project"))
    yield demo
    assert "remove the stack completely" not in demo.make("destroy").succeeded().output
    assert demo.stack.traces() == []
    assert not (demo.stack.clone.folder / ".loadtest").exists()


def cells(report: str, first: str) -> list[str]:
    """Return the cells of the report's line whose first cell is `first`."""
    lines = [[cell.strip() for cell in line.strip("│").split("│")] for line in report.splitlines() if "│" in line]
    return next(line for line in lines if line[0] == first)


def test_report_has_both_workers_and_all_rows(demo):
    assert cells(demo.first.output, "worker-1")[1:3] == ["users, products", "20,000"]
    assert cells(demo.first.output, "worker-2")[1:3] == ["orders", "10,000"]
    total = cells(demo.first.output, "TOTAL")
    assert (total[1], total[2], total[-1]) == ("3", "30,000", "ok")


def test_server_has_the_reported_rows(demo):
    assert demo.rows == {"users": 10_000, "orders": 10_000, "products": 10_000}
    reported = {shard["table"]: shard["rows_processed"] for r in demo.results for shard in r["shards"]}
    assert reported == demo.rows


def test_second_demo_run_changes_nothing(demo):
    assert "9 unchanged" in demo.second.output
    assert demo.stack.outputs() == demo.outputs
    table = [line for line in demo.first.output.splitlines() if "│" in line]
    assert [line for line in demo.second.output.splitlines() if "│" in line] == table


def test_limits_are_enforced_or_reported(demo):
    for result in demo.results:
        environment = result["environment"]
        named = " ".join(environment["not_enforced"])
        assert (environment["cgroup_memory_limit"] == 512 << 20) != ("memory limit" in named)
        assert (environment["cgroup_cpu_quota"] == "50000 100000") != ("CPU limit" in named)
        assert (environment["tmpfs_size_mb"] == 256) != ("RAM disk" in named)
