"""The workers: Jobs that are declared suspended and released by the fleet, so that nothing runs before it is time."""

from collections.abc import Mapping
from typing import Any

from core.errors import ExitCode
from core.labels import SERVER_LABEL
from core.process import OUTPUT_KEY_VARIABLE, STACK_VARIABLE
from infra.platforms.base import (
    CONNECTION_VARIABLE,
    DATA_FOLDER,
    PLAN_FILE,
    PLAN_FOLDER,
    RESULTS_FOLDER,
    WORKER_USER,
    LoadTestArgs,
    prepare_arguments,
    worker_arguments,
)
from infra.platforms.kubernetes.names import Names
from infra.platforms.kubernetes.pod import (
    Manifest,
    container_security,
    pod_spec,
    ram_disk,
    resources,
    secret_variable,
    variables,
)
from infra.settings.model import NAMESPACE

WORKER_ROLE, PREPARE_ROLE = "worker", "prepare"
TERMINATION_LOG = "/dev/termination-log"
_TERMINATION_VARIABLE = "LOADTEST_TERMINATION_LOG"
_INDEX = "$(JOB_COMPLETION_INDEX)"
"""Kubernetes replaces it in a container's arguments: the command is the one that Docker has."""
_FAILURE_COUNT = "metadata.annotations['batch.kubernetes.io/job-index-failure-count']"
_FAILURES: Manifest = {"name": "LOADTEST_FAILURES", "valueFrom": {"fieldRef": {"fieldPath": _FAILURE_COUNT}}}
"""A retry is another pod: by this count it knows that it is not the first."""
_STOP_SECONDS = 10
_DEADLINE_GRACE_SECONDS = 300
"""The fleet ends a run that takes too long and keeps what it did; the deadline is for one that nobody waits for."""


class WorkerJobs:
    """The specifications of a run's two Jobs, which differ in command, number and results only."""

    def __init__(
        self, names: Names, args: LoadTestArgs, run: Mapping[str, Any], image: str, plan: Any, secret: Any, server: str
    ) -> None:
        """Take what the pods refer to.

        `run` are the run's labels with the stack's mark; `plan` names the ConfigMap, `secret` the Secret with the
        connection; `server` tells one server from the next.
        """
        self._names = names
        self._args = args
        self._run = run
        self._image = image
        self._plan = plan
        self._secret = secret
        self._server = server

    def prepare(self) -> Manifest:
        """One pod that makes the tables."""
        return {
            "backoffLimit": 0,
            "completions": 1,
            "parallelism": 1,
            **self._job(PREPARE_ROLE, prepare_arguments(PLAN_FILE), {}),
        }

    def workers(self) -> Manifest:
        """As many pods as workers, all at once, each run to its own end, and tried again as often as the plan says."""
        count = len(self._args.plan.workers)
        return {
            "completionMode": "Indexed",
            "completions": count,
            "parallelism": count,
            # With `backoffLimit: 0` in its place the first failure would take the pods that still run.
            "backoffLimitPerIndex": self._args.plan.retries,
            "podFailurePolicy": {
                "rules": [_on_exit("FailJob", ExitCode.BAD_INPUT), _on_exit("FailIndex", ExitCode.DIFFERENCE)]
            },
            **self._job(WORKER_ROLE, worker_arguments(PLAN_FILE, _INDEX), {_TERMINATION_VARIABLE: TERMINATION_LOG}),
        }

    def _job(self, role: str, arguments: list[str], environment: dict[str, str]) -> Manifest:
        labels = {**self._names.labels(role, self._run), SERVER_LABEL: self._server}
        plan, settings = self._args.plan, self._args.settings
        return {
            "suspend": True,
            "activeDeadlineSeconds": sum(
                (plan.timeout_seconds, plan.connect_seconds, settings.start_timeout, _DEADLINE_GRACE_SECONDS)
            ),
            "template": {
                "metadata": {"labels": labels},
                "spec": self._pod(role, arguments, environment),
            },
        }

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
            # What a worker that was killed said last, where it could leave no result.
            "terminationMessagePolicy": "FallbackToLogsOnError",
            "volumeMounts": [
                {"name": "plan", "mountPath": PLAN_FOLDER, "readOnly": True},
                {"name": "results", "mountPath": RESULTS_FOLDER},
            ],
        }
        volumes: list[Manifest] = [{"name": "plan", "configMap": {"name": self._plan}}, self._results()]
        if limits is not None:
            container["resources"] = resources(limits.cpu, limits.memory)
        if limits is not None and limits.tmpfs:
            container["volumeMounts"].append({"name": "data", "mountPath": DATA_FOLDER})
            volumes.append({"name": "data", **ram_disk(limits.tmpfs)})
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
        """The setting that messages about the files name, where they are kept."""
        return {OUTPUT_KEY_VARIABLE: f"{NAMESPACE}:outputStorage"} if self._args.settings.output_storage else {}

    def _results(self) -> Manifest:
        claim = self._args.settings.output_storage
        volume: Manifest = {"persistentVolumeClaim": {"claimName": claim}} if claim else {"emptyDir": {}}
        return {"name": "results", **volume}


def _on_exit(action: str, code: ExitCode) -> Manifest:
    """What the Job does when a worker ends with this code, which another attempt would end with again."""
    return {"action": action, "onExitCodes": {"operator": "In", "values": [int(code)]}}
