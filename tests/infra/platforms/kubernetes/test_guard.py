"""Objects with a stack's names and another instance's label are not changed or deleted, in a real cluster."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import RunError, SettingsError
from core.kubeconfig import ClusterAccess
from core.labels import INSTANCE_LABEL, STACK_LABEL
from infra.platforms.kubernetes import guard
from infra.platforms.kubernetes.client import Cluster
from infra.platforms.kubernetes.guard import ClusterGuardProvider, fixed_names, require_own_names
from infra.platforms.kubernetes.jobs import Jobs
from infra.platforms.kubernetes.manifests import Names
from infra.settings.model import Settings
from testkit import session
from tests.infra.platforms.rendering import INSTANCE, settings_of
from tests.integration.kubernetes import Kubectl

pytestmark = pytest.mark.cluster
OTHER = "fedcba9876543210"
REMEDY = "use another stack name, destroy that stack, or name another namespace with loadtest:namespace"


@pytest.fixture(scope="module")
def kubectl(cluster: Path) -> Kubectl:
    return Kubectl(cluster)


@pytest.fixture(scope="module")
def access(cluster: Path) -> ClusterAccess:
    return ClusterAccess(kubeconfig=str(cluster))


@pytest.fixture(scope="module")
def stack(kubectl: Kubectl) -> Iterator[str]:
    """The name of a stack of another checkout: its namespace exists, and its Job and Service in a shared namespace."""
    name = session.unique("names")
    own, users = f"loadtest-{name}", f"users-{name}"
    labels = {STACK_LABEL: name, INSTANCE_LABEL: OTHER}
    kubectl.apply(space(own, labels), space(users, {}))
    kubectl.apply(
        part("v1", "Service", users, f"{own}-database", labels, {"ports": [{"port": 5432}]}),
        part("batch/v1", "Job", users, f"{own}-worker", labels, job()),
    )
    yield name
    kubectl.run("delete", "namespace", "--wait=false", own, users)


def space(name: str, labels: dict[str, str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def part(
    version: str, kind: str, namespace: str, name: str, labels: dict[str, str], spec: dict[str, Any]
) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def job() -> dict[str, Any]:
    """Return a Job that has ended without running, which a new attempt would replace."""
    container = {"name": "worker", "image": "loadtest-test/absent:1", "imagePullPolicy": "Never"}
    pod = {"restartPolicy": "Never", "containers": [container]}
    return {"activeDeadlineSeconds": 1, "template": {"spec": pod}}


@pytest.mark.parametrize("instance", [INSTANCE, ""])
def test_namespace_of_another_instance_is_refused(access, stack, instance):
    names = Names(stack)
    objects = fixed_names(names, ["worker"], server=True, claim="")
    with pytest.raises(SettingsError) as refused:
        require_own_names(access, stack, names.namespace, objects, instance)
    assert str(refused.value) == (
        f"stack: '{stack}' needs names that are in use: namespace loadtest-{stack} "
        f"(created by stack {stack}, instance {OTHER}); {REMEDY}"
    )
    require_own_names(access, stack, names.namespace, objects, OTHER)


def test_object_of_another_instance_is_refused(access, stack):
    names = Names(stack, f"users-{stack}")
    objects = fixed_names(names, ["worker"], server=True, claim="")
    with pytest.raises(SettingsError, match=f"in use: service users-{stack}/loadtest-{stack}-database \\(created by"):
        require_own_names(access, stack, names.namespace, objects, INSTANCE)
    require_own_names(access, stack, names.namespace, objects, OTHER)
    require_own_names(access, stack, names.namespace, fixed_names(names, ["worker"], server=False, claim=""), INSTANCE)


def test_namespace_of_a_stack_is_refused_as_setting(access, stack):
    settings: Settings = settings_of("kubernetes", namespace=f"loadtest-{stack}")
    with pytest.raises(SettingsError) as refused:
        guard.require_cluster(access, settings)
    assert str(refused.value) == (
        f"loadtest:namespace: 'loadtest-{stack}' was created by stack {stack} and is deleted with it; create another "
        "namespace, and name that"
    )


def test_destroy_is_refused_if_name_is_another_instances(access, stack):
    def state(instance: str) -> dict[str, Any]:
        objects = {"namespace": [f"loadtest-{stack}"]}
        given = {"stack": stack, "instance": instance, "namespace": f"loadtest-{stack}", "objects": objects}
        return {**given, "access": access.model_dump(exclude_none=True)}

    with pytest.raises(
        RunError, match=f"^stack: '{stack}' deletes nothing, .* namespace loadtest-{stack} \\(created by"
    ):
        ClusterGuardProvider().delete("guard", state(INSTANCE))
    ClusterGuardProvider().delete("guard", state(OTHER))
    ClusterGuardProvider().delete("guard", {**state(INSTANCE), "access": {"kubeconfig": "absent"}})


def test_job_of_another_instance_is_not_changed(access, kubectl, stack):
    users, name = f"users-{stack}", f"loadtest-{stack}-worker"
    before = kubectl.objects("jobs", users)
    with Cluster(access) as cluster:
        jobs = Jobs(cluster, users, INSTANCE)
        for change in (jobs.fresh, jobs.release, jobs.suspend):
            with pytest.raises(
                RunError, match=f"^Kubernetes: Job {users}/{name} has the instance label '{OTHER}', not"
            ):
                change(name)
        assert [(each["metadata"]["uid"], each["spec"]) for each in kubectl.objects("jobs", users)] == [
            (each["metadata"]["uid"], each["spec"]) for each in before
        ]
        assert Jobs(cluster, users, OTHER).fresh(name) != before[0]["metadata"]["uid"]
