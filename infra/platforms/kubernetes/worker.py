"""The workers: two Jobs, declared suspended and released by the fleet, and the ConfigMap with their plan."""

import base64
from collections.abc import Mapping
from typing import Any

from core.errors import ExitCode, SettingsError
from core.labels import PREPARE_ROLE, SERVER_LABEL, WORKER_ROLE
from core.plan import LoadPlan
from core.plan_file import compressed_plan
from core.process import (
    CONNECTION_VARIABLE,
    DATA_FOLDER,
    FAILURES_VARIABLE,
    OUTPUT_KEY_VARIABLE,
    PLAN_FILE,
    PLAN_FOLDER,
    PLAN_NAME,
    PLAN_VOLUME,
    READY_VARIABLE,
    RESULTS_FOLDER,
    STACK_VARIABLE,
    START_NAME,
    START_VARIABLE,
    TERMINATION_VARIABLE,
    WORKER_USER,
    prepare_arguments,
    worker_arguments,
)
from core.settings_key import setting_key
from core.units import KIB, MIB, format_size
from infra.fleet.runner import FINAL_EXIT_CODES
from infra.platforms.base import LoadTestArgs
from infra.platforms.kubernetes.manifests import (
    FAILURE_COUNT_ANNOTATION,
    START_ANNOTATION,
    Manifest,
    Names,
    container_security,
    pod_spec,
    ram_disk,
    resources,
    secret_variable,
    variables,
)

TERMINATION_LOG = "/dev/termination-log"
_INDEX = "$(JOB_COMPLETION_INDEX)"
"""Kubernetes replaces this in a container's arguments, so that the command is the same as on Docker."""
_FAILURE_COUNT = f"metadata.annotations['{FAILURE_COUNT_ANNOTATION}']"
_FAILURES: Manifest = {"name": FAILURES_VARIABLE, "valueFrom": {"fieldRef": {"fieldPath": _FAILURE_COUNT}}}
"""The number of failed pods before this one: a retry is another pod."""
_START_FOLDER, _READY_FOLDER = "/start", "/ready"
_START: Manifest = {
    "path": START_NAME,
    "fieldRef": {"fieldPath": f"metadata.annotations['{START_ANNOTATION}']"},
}
"""The file that a worker waits for. The kubelet updates it as soon as the pod's annotation changes."""
_READY_FILE = f"{_READY_FOLDER}/worker"
_READY_PROBE: Manifest = {"exec": {"command": ["test", "-e", _READY_FILE]}, "periodSeconds": 1, "timeoutSeconds": 10}
"""Reports to the API that a worker is ready. After that it does not run any more, so the load is not disturbed."""
_WORKER_VARIABLES = {
    TERMINATION_VARIABLE: TERMINATION_LOG,
    START_VARIABLE: f"{_START_FOLDER}/{START_NAME}",
    READY_VARIABLE: _READY_FILE,
}
_STOP_SECONDS = 10
_DEADLINE_GRACE_SECONDS = 300
"""The fleet itself stops a run that takes too long, and keeps its results. The deadline is for a fleet that was killed."""
PLAN_LIMIT = MIB
"""The API server's limit for all data of a ConfigMap, in bytes."""
_TEXT_LIMIT = 512 * KIB
"""A longer plan is compressed: Pulumi's state contains the object twice."""


def plan_data(plan: LoadPlan) -> dict[str, Any]:
    """Return the `data` or `binaryData` of the ConfigMap. Raises SettingsError if the plan is too long for either."""
    name = PLAN_NAME
    text = plan.model_dump_json()
    if len(text.encode()) <= _TEXT_LIMIT:
        return {"data": {name: text}}
    compressed = compressed_plan(plan)
    if len(compressed) > PLAN_LIMIT:
        raise SettingsError(
            f"{setting_key('workers')}: the plan of {len(plan.workers):,} workers is {format_size(len(compressed))} "
            f"compressed, and a ConfigMap holds {format_size(PLAN_LIMIT)}; lower {setting_key('workers')}, or name fewer "
            f"tables in {setting_key('tables')}"
        )
    return {"binary_data": {name: base64.b64encode(compressed).decode()}}


class WorkerJobs:
    """The specifications of a run's two Jobs, which differ in command, number of pods and results."""

    def __init__(
        self, names: Names, args: LoadTestArgs, run: Mapping[str, Any], image: str, plan: Any, secret: Any, server: str
    ) -> None:
        """Store the pods' references.

        `run` contains the labels of the run and of the instance, `plan` the name of the ConfigMap, `secret` the name of the
        Secret with the connection string, `server` a digest of the server's specification.
        """
        self._names = names
        self._args = args
        self._run = run
        self._image = image
        self._plan = plan
        self._secret = secret
        self._server = server

    def prepare(self) -> Manifest:
        """Return the Job of one pod that creates the tables."""
        return {
            "backoffLimit": 0,
            "completions": 1,
            "parallelism": 1,
            **self._job(PREPARE_ROLE, prepare_arguments(PLAN_FILE), {}),
        }

    def workers(self) -> Manifest:
        """Return the Job of one pod per worker, all at the same time, each with the plan's number of retries."""
        count = len(self._args.plan.workers)
        return {
            "completionMode": "Indexed",
            "completions": count,
            "parallelism": count,
            # Not `backoffLimit: 0`, with which the first failure would end all other pods.
            "backoffLimitPerIndex": self._args.plan.retries,
            "podFailurePolicy": {
                "rules": [
                    _on_exit("FailJob" if code is ExitCode.BAD_INPUT else "FailIndex", code)
                    for code in FINAL_EXIT_CODES
                    if code is not ExitCode.OK
                ]
            },
            **self._job(WORKER_ROLE, worker_arguments(PLAN_FILE, _INDEX), _WORKER_VARIABLES),
        }

    def _job(self, role: str, arguments: list[str], environment: dict[str, str]) -> Manifest:
        labels = {**self._names.labels(role, self._run), SERVER_LABEL: self._server}
        return {
            "suspend": True,
            "activeDeadlineSeconds": self._deadline(),
            "template": {
                "metadata": {"labels": labels},
                "spec": self._pod(role, arguments, environment),
            },
        }

    def _deadline(self) -> int:
        plan = self._args.plan
        return plan.timeout_seconds + plan.connect_seconds + plan.start_seconds + _DEADLINE_GRACE_SECONDS

    def _pod(self, role: str, arguments: list[str], environment: dict[str, str]) -> Manifest:
        limits = self._args.plan.limits
        container: Manifest = {
            "name": "worker",
            "image": self._image,
            "imagePullPolicy": "IfNotPresent",
            "args": arguments,
            "env": [
                *variables({**environment, STACK_VARIABLE: self._args.stack, **self._output_key()}),
                *([_FAILURES] if self._args.plan.retries and role == WORKER_ROLE else []),
                secret_variable(CONNECTION_VARIABLE, self._secret),
            ],
            "securityContext": container_security(read_only=True),
            "terminationMessagePath": TERMINATION_LOG,
            # For a worker that was killed and could not write a result.
            "terminationMessagePolicy": "FallbackToLogsOnError",
            "volumeMounts": [
                {"name": PLAN_VOLUME, "mountPath": PLAN_FOLDER, "readOnly": True},
                {"name": "results", "mountPath": RESULTS_FOLDER},
            ],
        }
        volumes: list[Manifest] = [{"name": PLAN_VOLUME, "configMap": {"name": self._plan}}, self._results()]
        if limits is not None:
            settings = self._args.settings
            requests = (settings.cpu_request or limits.cpu, settings.memory_request or limits.memory)
            container["resources"] = resources(limits.cpu, limits.memory, requests=requests)
        if limits is not None and limits.tmpfs:
            container["volumeMounts"].append({"name": "data", "mountPath": DATA_FOLDER})
            volumes.append({"name": "data", **ram_disk(limits.tmpfs)})
        if role == WORKER_ROLE:
            container["startupProbe"] = {**_READY_PROBE, "failureThreshold": self._deadline()}
            container["volumeMounts"] += [
                {"name": "start", "mountPath": _START_FOLDER, "readOnly": True},
                {"name": "ready", "mountPath": _READY_FOLDER},
            ]
            volumes += [{"name": "start", "downwardAPI": {"items": [_START]}}, {"name": "ready", "emptyDir": {}}]
        spread = {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": self._names.selector(role)},
        }
        return {
            **pod_spec(self._args.settings, WORKER_USER),
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": _STOP_SECONDS,
            "topologySpreadConstraints": [spread],
            "containers": [container],
            "volumes": volumes,
        }

    def _output_key(self) -> dict[str, str]:
        """Return the variable with the name of the setting that messages about output files refer to."""
        return {OUTPUT_KEY_VARIABLE: setting_key("outputStorage")} if self._args.settings.output_storage else {}

    def _results(self) -> Manifest:
        claim = self._args.settings.output_storage
        volume: Manifest = {"persistentVolumeClaim": {"claimName": claim}} if claim else {"emptyDir": {}}
        return {"name": "results", **volume}


def _on_exit(action: str, code: ExitCode) -> Manifest:
    """Return the rule for an exit code that another attempt would repeat."""
    return {"action": action, "onExitCodes": {"operator": "In", "values": [int(code)]}}
