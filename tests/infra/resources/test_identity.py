"""A copy of a checkout, with its own copy of the state, is recognised while the original has the stack."""

import pytest

from core.backend import backend_url, state_file
from core.errors import RunError
from infra.resources import identity
from infra.resources.guard import GuardProvider
from infra.resources.identity import InstanceProvider, record_instance, require_original

INSTANCE = "0123456789abcdef"


@pytest.fixture
def projects(tmp_path, monkeypatch):
    """Return an original and its copy; the process runs in the copy, with the copy's backend."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    both = [tmp_path / "original", tmp_path / "copy"]
    for project in both:
        project.mkdir()
        (project / "Pulumi.yaml").write_text("name: loadtest\n")
        state = state_file(project, "small")
        state.parent.mkdir(parents=True)
        state.write_text(f'{{"mark": "{INSTANCE}"}}')
    record_instance(both[0], "small", INSTANCE)
    monkeypatch.chdir(both[1])
    monkeypatch.setenv("PULUMI_BACKEND_URL", backend_url(both[1]))
    return both


def test_copy_is_refused_while_original_has_the_stack(projects):
    original, copy = projects
    props = {"stack": "small", "instance": INSTANCE, "mark": INSTANCE}
    expected = (
        f"^stack: 'small' of this folder is a copy of the stack in {original}, to which all its resources belong; use it "
        "there, or forget the copy with `./loadtest pulumi stack rm --force -s small`$"
    )
    for refused in (
        lambda: require_original(copy, "small", INSTANCE),
        lambda: InstanceProvider().diff("id", props, props),
        lambda: GuardProvider().delete("guard", props),
    ):
        with pytest.raises(RunError, match=expected):
            refused()
    require_original(original, "small", INSTANCE)


def test_copy_is_accepted_after_original_was_destroyed(projects):
    state_file(projects[0], "small").write_text("{}")
    require_original(projects[1], "small", INSTANCE)


def test_copy_is_accepted_without_record_or_original(projects):
    projects[0].rename(projects[0].with_name("moved"))
    require_original(projects[1], "small", INSTANCE)
    identity.forget_instance(INSTANCE)
    projects[0].with_name("moved").rename(projects[0])
    require_original(projects[1], "small", INSTANCE)


def test_checkout_with_shared_backend_is_accepted(projects, monkeypatch):
    monkeypatch.setenv("PULUMI_BACKEND_URL", backend_url(projects[0]))
    require_original(projects[1], "small", INSTANCE)
