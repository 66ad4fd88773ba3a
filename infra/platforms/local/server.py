"""The embedded server as a resource: there while the stack is, removed with its data."""

import secrets
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, Resource

from infra.databases.spec import DatabaseSpec
from infra.resources.dynamic import ReplacedProvider


def _embedded(source: str) -> ModuleType:
    """Return the module that starts and stops the embedded server of a store (`Capabilities.embedded`)."""
    return import_module(f"infra.platforms.local.{source}")


class LocalServerProvider(ReplacedProvider):
    """Starts and stops an embedded server. It fails into its `error`, as the fleet does."""

    triggers = ("source", "specification", "plan_digest", "stack", "instance", "error")

    def make(self, props: dict[str, Any]) -> CreateResult:
        """Start; what goes wrong is told as an output, in one line."""
        from core.errors import LoadtestError
        from infra.platforms.local.pidfile import at_work
        from infra.platforms.local.workspace import workspace_of

        paths = workspace_of(Path.cwd(), props["stack"], props["instance"])
        folder = paths.folder
        specification = DatabaseSpec.model_validate_json(props["specification"])
        outs = {key: props[key] for key in self.triggers if key in props}
        embedded = _embedded(props["source"])
        try:
            with at_work(folder / "maker.pid"):
                running = embedded.start(specification, props["password"], folder / "server", paths.group)
        except LoadtestError as error:
            embedded.stop(folder / "server")
            return CreateResult(id_=secrets.token_hex(8), outs={**outs, "port": 0, "error": str(error)})
        return CreateResult(id_=secrets.token_hex(8), outs={**outs, "port": running.port, "error": ""})

    def remove(self, props: dict[str, Any]) -> None:
        """End the server and remove its data. A state of an earlier version has no mark: it removes nothing."""
        from infra.platforms.local.workspace import workspaces_of

        if not props.get("instance"):
            return
        for paths in workspaces_of(Path.cwd(), props["stack"], props["instance"]):
            _embedded(props["source"]).stop(paths.folder / "server")


class LocalServer(Resource, module="loadtest", name="LocalServer"):
    """An embedded server on this machine's loopback."""

    port: pulumi.Output[int]
    error: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        source: str,
        specification: DatabaseSpec,
        stack: str,
        instance: pulumi.Input[str],
        password: pulumi.Input[str],
        plan_digest: str,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__(
            LocalServerProvider(),
            name,
            {
                "port": None,
                "error": "",
                "source": source,
                "specification": specification.model_dump_json(),
                "stack": stack,
                "instance": instance,
                "password": password,
                "plan_digest": plan_digest,
            },
            opts,
        )
