"""The objects that the Kubernetes platform declares, and the settings that it refuses."""

import base64
import gzip
from typing import Any

import pytest

from core.errors import SettingsError
from core.kubeconfig import ClusterAccess
from core.plan import LoadPlan
from infra.platforms.kubernetes import guard, worker
from infra.platforms.kubernetes.manifests import Names
from tests.aggregate import runs
from tests.infra.platforms.rendering import INSTANCE, PASSWORD, Declared, ask_nobody, declare, settings_of
from worker.assignment import read_plan


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    ask_nobody(monkeypatch)


def declared(**values: str) -> list[Declared]:
    return declare("kubernetes", **{"source": "postgresql", **values})


def one(resources: list[Declared], kind: str, role: str = "") -> dict[str, Any]:
    (found,) = [each for each in resources if each.type.endswith(f":{kind}") and role in each.name]
    return found.inputs


def test_number_of_objects_is_independent_of_workers():
    few, many = declared(workers="2"), declared(workers="200")
    assert sorted(each.type for each in few) == sorted(each.type for each in many)
    assert one(many, "Job", "worker")["spec"]["completions"] == one(many, "Job", "worker")["spec"]["parallelism"] == 200


def test_both_jobs_are_suspended_and_not_awaited():
    resources = declared()
    for role in ("prepare", "worker"):
        job = one(resources, "Job", role)
        assert job["spec"]["suspend"] is True
        assert job["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"
        assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"


def test_failed_worker_stops_others_only_on_bad_input():
    spec = one(declared(), "Job", "worker")["spec"]
    assert spec["completionMode"] == "Indexed"
    assert spec["backoffLimitPerIndex"] == 0
    assert "backoffLimit" not in spec
    assert spec["podFailurePolicy"]["rules"][0] == {
        "action": "FailJob",
        "onExitCodes": {"operator": "In", "values": [2]},
    }


def test_retries_are_in_job_and_pod_has_failure_count():
    spec = one(declared(retries="3"), "Job", "worker")["spec"]
    assert spec["backoffLimitPerIndex"] == 3
    (variable,) = [each for each in spec["template"]["spec"]["containers"][0]["env"] if "FAILURES" in each["name"]]
    assert variable["valueFrom"]["fieldRef"]["fieldPath"].endswith("['batch.kubernetes.io/job-index-failure-count']")


def test_every_pod_fits_the_restricted_standard():
    resources = declared(databaseTmpfs="true")
    specs = [each.inputs["spec"] for each in resources if each.type.endswith((":Job", ":StatefulSet"))]
    assert len(specs) == 3
    for spec in specs:
        pod = spec["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert one(resources, "Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_network_policies_allow_only_workers_to_server():
    policies = {each.name: each.inputs["spec"] for each in declared() if each.type.endswith(":NetworkPolicy")}
    database = policies["loadtest-small-database-reach"]
    (rule,) = database["ingress"]
    reached_by = [peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for peer in rule["from"]]
    assert sorted(reached_by) == ["prepare", "worker"]
    assert [port["port"] for port in rule["ports"]] == [5432]
    assert (
        policies["loadtest-small-worker-reach"]["ingress"] == policies["loadtest-small-prepare-reach"]["ingress"] == []
    )


def test_passwords_are_in_secrets_only():
    for each in declared():
        if not each.type.endswith(":Secret"):
            inputs = {key: value for key, value in each.inputs.items() if key != "secrets"}
            assert PASSWORD not in repr(inputs), each.name


def test_all_objects_have_labels_of_run_and_instance():
    resources = [each for each in declared(databaseStorage="1Gi") if each.type.startswith("kubernetes:")]
    labelled = [each.inputs["metadata"] for each in resources]
    labelled += [
        each.inputs["spec"]["template"]["metadata"] for each in resources if "template" in each.inputs.get("spec", {})
    ]
    assert len(labelled) == len(resources) + 3
    assert {metadata["labels"]["loadtest.instance"] for metadata in labelled} == {INSTANCE}
    runs_of = {each.inputs["metadata"]["labels"]["loadtest.run"] for each in resources}
    assert len(runs_of) == 1
    assert {each.inputs["metadata"]["labels"]["loadtest.stack"] for each in resources} == {"small"}
    assert all("small" in each.name for each in resources)


def test_guard_checks_every_fixed_name():
    def guarded(**values: str) -> dict[str, Any]:
        (found,) = [each.inputs for each in declared(**values) if each.name == "small-guard"]
        assert found["instance"] == INSTANCE
        return dict(found["objects"])

    def named(**values: str) -> set[str]:
        found = {
            each.inputs["metadata"].get("name") for each in declared(**values) if each.type.startswith("kubernetes:")
        }
        return found - {None}

    assert guarded() == {"namespace": ["loadtest-small"]}
    shared = {"namespace": "mine", "databaseStorage": "1Gi"}
    pod = {"loadtest-small-database-0"}
    assert {name for names in guarded(**shared).values() for name in names} == named(**shared) | pod
    assert guarded(source="csv", namespace="mine") == {
        "network policy": ["loadtest-small-worker", "loadtest-small-prepare"]
    }


def test_changed_server_changes_the_job():
    def label(**values: str) -> str:
        template = one(declared(**values), "Job", "worker")["spec"]["template"]
        return str(template["metadata"]["labels"]["loadtest.server"])

    assert label() == label(rowCount="20")
    assert label() != label(databaseMemoryLimit="2Gi")


def test_placement_and_storage_settings_are_applied():
    resources = declared(
        nodeSelector="disk=ssd",
        tolerations="dedicated=load:NoSchedule",
        priorityClass="high",
        namespace="mine",
        imagePullSecret="registry",
        outputStorage="files",
        databaseStorage="10Gi",
        databaseStorageClass="fast",
    )
    assert not [each for each in resources if each.type.endswith(":Namespace")]
    for kind, role in (("Job", "prepare"), ("Job", "worker"), ("StatefulSet", "")):
        inputs = one(resources, kind, role)
        pod = inputs["spec"]["template"]["spec"]
        assert inputs["metadata"]["namespace"] == "mine"
        assert pod["nodeSelector"] == {"disk": "ssd"}
        assert pod["tolerations"][0]["key"] == "dedicated"
        assert pod["priorityClassName"] == "high"
        assert pod["imagePullSecrets"] == [{"name": "registry"}]
    claim = one(resources, "PersistentVolumeClaim")
    assert claim["spec"]["resources"]["requests"]["storage"] == "10240Mi"
    assert claim["spec"]["storageClassName"] == "fast"
    server = one(resources, "StatefulSet")["spec"]["template"]["spec"]
    assert server["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    worker = one(resources, "Job", "worker")["spec"]["template"]["spec"]
    assert {"name": "results", "persistentVolumeClaim": {"claimName": "files"}} in worker["volumes"]
    variables = {each["name"]: each.get("value") for each in worker["containers"][0]["env"]}
    assert (variables["LOADTEST_STACK"], variables["LOADTEST_OUTPUT_KEY"]) == ("small", "loadtest:outputStorage")


def test_missing_kubeconfig_is_refused_in_one_line(tmp_path, monkeypatch):
    monkeypatch.undo()
    with pytest.raises(SettingsError, match=r"^kubernetes:kubeconfig: .*; name an existing file$"):
        guard.require_cluster(ClusterAccess(kubeconfig=str(tmp_path / "absent")), settings_of("kubernetes"))


def test_unreachable_cluster_is_refused_in_one_line(tmp_path, monkeypatch):
    monkeypatch.undo()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "here", "cluster": {"server": "http://127.0.0.1:1"}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
        "users": [{"name": "me", "user": {}}],
    }
    with pytest.raises(SettingsError, match=r"^loadtest:platform: kubernetes, and no cluster answers \(") as error:
        guard.require_cluster(ClusterAccess(kubeconfig=repr(config)), settings_of("kubernetes"))
    assert "\n" not in str(error.value)


RUN = {"loadtest.run": "r", "loadtest.plan": "p", "loadtest.instance": "i"}


@pytest.mark.parametrize("stack", ["small", "My_Stack.2", "x" * 100, "-a-"])
def test_names_are_valid_and_differ_between_stacks(stack: str):
    names = Names(stack)
    assert names.prefix.startswith("loadtest-")
    # A Job's pods are named after it and their index, a label has 63 characters.
    assert len(f"{names.of('prepare')}-10000-abcde") <= 63
    assert names.namespace == names.prefix
    assert all(len(label) <= 63 for label in names.labels("worker", RUN).values())
    assert Names(f"{stack}-other").prefix != names.prefix


def plan_of(workers: int) -> LoadPlan:
    return runs.plan(workers, rows=1_000_000)


def test_long_plan_is_compressed(tmp_path):
    short, long = plan_of(200), plan_of(10_000)
    assert worker.plan_data(short) == {"data": {"plan.json": short.model_dump_json()}}
    packed = base64.b64decode(worker.plan_data(long)["binary_data"]["plan.json"])
    assert gzip.decompress(packed).decode() == long.model_dump_json()
    file = tmp_path / "plan.json"
    file.write_bytes(packed)
    assert read_plan(file) == long


def test_plan_too_long_for_config_map_is_refused(monkeypatch):
    monkeypatch.setattr(worker, "PLAN_LIMIT", 10_000)
    with pytest.raises(
        SettingsError, match=r"^loadtest:workers: the plan of 10,000 workers is .*; lower loadtest:workers"
    ):
        worker.plan_data(plan_of(10_000))
