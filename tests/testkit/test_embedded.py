"""Tests of the embedded server that tests and benchmarks share."""

from core.units import MIB
from infra.platforms.local import postgresql
from infra.platforms.local.limits import ControlGroup, has_groups
from testkit import session
from testkit.embedded import embedded_postgresql
from testkit.requires import requires


def test_embedded_server_removes_its_control_groups(monkeypatch):
    groups = []

    def start(_specification, _password, _folder, group):
        groups.append(group)
        ControlGroup.create(f"{group}/database", 1, 64 * MIB)
        return 5432

    monkeypatch.setattr(postgresql, "start", start)
    with embedded_postgresql() as url:
        assert ":5432/" in url
        created = has_groups(groups[0])
    assert f"-{session.ID}-" in groups[0], "without the session's id, an interrupted session leaves it"
    assert not has_groups(groups[0])
    requires(created, "cgroups", "control groups are not writable for this user")
