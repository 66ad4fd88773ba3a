"""Record what a platform declares to Pulumi's mocks, and convert it to a common description of containers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import run_pulumi_func
from pulumi.runtime.sync_await import _sync_await

from core.process import CONNECTION_VARIABLE, DATA_FOLDER
from core.units import MIB
from infra.databases import database_of
from infra.planner import plan_of
from infra.platforms import component_of
from infra.platforms.base import LoadTestArgs
from infra.platforms.docker import component
from infra.platforms.kubernetes import guard
from infra.settings.configuration import stack_values
from infra.settings.model import Settings

PROJECT = Path(__file__).resolve().parents[3]
STACK = "small"
INSTANCE = "0123456789abcdef"
PASSWORD = "a-password-of-the-tests"
_SECRET_MARK = "4dabf18193072939515e22adb298388d"


@dataclass(frozen=True)
class Declared:
    """One resource: its Pulumi type, name, and inputs with secrets in the clear."""

    type: str
    name: str
    inputs: dict[str, Any]


class _Recorder(Mocks):
    def __init__(self, resources: list[Declared]) -> None:
        self.resources = resources

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[Any, Any]]:
        inputs = _plain(args.inputs)
        self.resources.append(Declared(args.typ, args.name, inputs))
        outputs = dict(inputs)
        if args.typ.startswith("kubernetes:"):
            metadata = {"name": f"{args.name}-0a1b2c3d", **inputs.get("metadata", {}), "uid": f"uid-of-{args.name}"}
            outputs["metadata"] = metadata
        if args.name.endswith("-instance"):
            outputs["mark"] = INSTANCE
        return f"id-of-{args.name}", outputs

    def call(self, _args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        return {}, None


def ask_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the checks that need an engine or a cluster."""
    monkeypatch.setattr(component, "check_images", lambda _: None)
    monkeypatch.setattr(component, "check_names", lambda *_: None)
    monkeypatch.setattr(guard, "require_cluster", lambda *_: None)
    monkeypatch.setattr(guard, "require_own_names", lambda *_: None)


def settings_of(platform: str, **values: Any) -> Settings:
    """Return the small preset with other values, or without those that are None, on this platform."""
    given = {**stack_values(PROJECT, STACK), "workerImage": "worker:test", "platform": platform, **values}
    return Settings.of({key: value for key, value in given.items() if value is not None})


def declare(platform: str, stack: str = STACK, **values: Any) -> list[Declared]:
    """Return everything that a platform declares for these settings, with a mocked engine."""
    resources: list[Declared] = []
    declare_into(resources, platform, stack, **values)
    return resources


def declare_into(
    resources: list[Declared],
    platform: str,
    stack: str,
    providers: Mapping[str, Mapping[str, str]] | None = None,
    **values: Any,
) -> None:
    """Append what a platform declares to a list, which keeps it if the program fails."""
    settings = settings_of(platform, **values)
    recorder = _Recorder(resources)
    set_mocks(recorder, project="loadtest", stack=stack, preview=False)

    def program() -> None:
        args = LoadTestArgs(
            stack=stack,
            project=PROJECT,
            settings=settings,
            plan=plan_of(settings, PROJECT),
            database=database_of(settings),
            password=pulumi.Output.secret(values.get("databasePassword", PASSWORD)),
            providers=providers or {},
        )
        component_of(platform)(stack, args)

    async def run() -> None:
        program()

    try:
        _sync_await(run_pulumi_func(run))
    finally:
        forget_outputs()


def forget_outputs() -> None:
    """Remove failed outputs: the next program in this process would wait for them and fail."""
    SETTINGS.outputs.clear()


@dataclass(frozen=True)
class Container:
    """A container on any platform, in cores and bytes."""

    image: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    cpu: float
    memory: int
    ram_disks: Mapping[str, int]
    health_command: tuple[str, ...]
    user: str | None
    read_only: bool
    capabilities_dropped: tuple[str, ...]


def docker_containers(resources: list[Declared]) -> dict[str, Container]:
    """Return the containers by role: `database`, `prepare`, `worker-1` and so on."""
    found: dict[str, Container] = {}
    for resource in resources:
        if resource.type != "docker:index/container:Container":
            continue
        inputs = resource.inputs
        disks = {path: dict(_options(text)) for path, text in inputs.get("tmpfs", {}).items()}
        found[resource.name.removeprefix(f"{STACK}-")] = Container(
            image=inputs["image"],
            arguments=tuple(inputs.get("command", ())),
            environment=_environment(dict(pair.split("=", 1) for pair in inputs["envs"]), "database"),
            cpu=float(inputs["cpus"]),
            memory=int(inputs["memory"]) * MIB,
            ram_disks={path: int(options["size"]) for path, options in disks.items()},
            health_command=tuple(inputs.get("healthcheck", {}).get("tests", ())[1:]),
            user=inputs.get("user"),
            read_only=bool(inputs.get("readOnly")),
            capabilities_dropped=tuple(inputs["capabilities"]["drops"]),
        )
    return found


def kubernetes_containers(resources: list[Declared]) -> dict[str, Container]:
    """Return the containers by role. A Job of N indexes is N workers with their index in the arguments."""
    secrets = {
        f"{resource.name}-0a1b2c3d": resource.inputs["stringData"]
        for resource in resources
        if resource.type == "kubernetes:core/v1:Secret"
    }
    found: dict[str, Container] = {}
    for resource in resources:
        if resource.type not in ("kubernetes:batch/v1:Job", "kubernetes:apps/v1:StatefulSet"):
            continue
        spec = resource.inputs["spec"]
        role = spec["template"]["metadata"]["labels"]["app.kubernetes.io/component"]
        if spec.get("completionMode") == "Indexed":
            for index in range(int(spec["completions"])):
                found[f"worker-{index + 1}"] = _of_pod(spec["template"]["spec"], secrets, str(index))
        else:
            found[role] = _of_pod(spec["template"]["spec"], secrets, "")
    return found


def _of_pod(pod: Mapping[str, Any], secrets: Mapping[str, Mapping[str, str]], index: str) -> Container:
    (container,) = pod["containers"]
    disks = {
        volume["name"]: _bytes(volume["emptyDir"]["sizeLimit"])
        for volume in pod["volumes"]
        if volume.get("emptyDir", {}).get("medium") == "Memory"
    }
    limits, security = container["resources"]["limits"], container["securityContext"]
    assert limits == container["resources"]["requests"]
    user = pod["securityContext"]
    return Container(
        image=container["image"],
        arguments=tuple(text.replace("$(JOB_COMPLETION_INDEX)", index) for text in container.get("args", ())),
        environment=_environment(dict(_variables(container["env"], secrets)), f"loadtest-{STACK}-database"),
        cpu=int(limits["cpu"].removesuffix("m")) / 1000,
        memory=_bytes(limits["memory"]),
        ram_disks={
            mount["mountPath"]: disks[mount["name"]] for mount in container["volumeMounts"] if mount["name"] in disks
        },
        health_command=tuple(container.get("startupProbe", {}).get("exec", {}).get("command", ())),
        user=f"{int(user['runAsUser'])}:{int(user['runAsGroup'])}",
        read_only=security["readOnlyRootFilesystem"],
        capabilities_dropped=tuple(security["capabilities"]["drop"]),
    )


def _variables(
    environment: list[dict[str, Any]], secrets: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[str, str]]:
    for variable in environment:
        if "value" in variable:
            yield variable["name"], variable["value"]
        else:
            place = variable["valueFrom"]["secretKeyRef"]
            yield variable["name"], secrets[place["name"]][place["key"]]


def _environment(values: Mapping[str, str], host: str) -> dict[str, str]:
    """Return the environment with the server's host name replaced, which differs between platforms."""
    reached = (f"@{host}:", f"//{host}:")
    return {
        name: text.replace(reached[0], "@SERVER:").replace(reached[1], "//SERVER:") for name, text in values.items()
    }


def _options(text: str) -> Iterator[tuple[str, str]]:
    for option in text.split(","):
        key, _, value = option.partition("=")
        yield key, value


def _bytes(text: str) -> int:
    return int(text.removesuffix("Mi")) * MIB if text.endswith("Mi") else int(text)


def _plain(value: Any) -> Any:
    """Return a value without the wrapping of secrets, and without keys that are None."""
    if isinstance(value, Mapping):
        if _SECRET_MARK in value:
            return _plain(value["value"])
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


__all__ = [
    "CONNECTION_VARIABLE",
    "DATA_FOLDER",
    "INSTANCE",
    "Container",
    "Declared",
    "ask_nobody",
    "declare",
    "declare_into",
    "docker_containers",
    "kubernetes_containers",
]
