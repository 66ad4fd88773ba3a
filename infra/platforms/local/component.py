"""Declare a load test on this machine: a folder, a server from a Python package, and workers that are processes."""

import secrets
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, Resource

from core.errors import LoadtestError
from core.process import CONNECTION_VARIABLE
from core.workspace import WORKSPACES
from infra.databases.spec import DatabaseSpec
from infra.fleet.resource import Fleet
from infra.ownership import checked
from infra.pidfile import is_running, this_process_recorded
from infra.platforms.base import LoadTestArgs, connection_of, endpoint_of
from infra.platforms.local.workspace import Workspace, require_own_folder, workspace_of, workspaces_of
from infra.resources.dynamic import ReplaceOnChangeProvider
from infra.resources.guard import GuardProvider, declare_guards
from infra.resources.identity import Instance
from infra.settings.output_dir import folder_url


def _embedded(source: str) -> ModuleType:
    """Return the module that starts and stops the embedded server of a store (`Capabilities.embedded`)."""
    return import_module(f"infra.platforms.local.{source}")


class LocalServerProvider(ReplaceOnChangeProvider):
    """Start and stop an embedded server. If it does not start, creation succeeds and the output `error` has the reason."""

    triggers = ("source", "specification", "plan_digest", "stack", "instance", "error")

    def create_resource(self, props: dict[str, Any]) -> CreateResult:
        """Start the server; return its port, or a port of 0 and the error."""
        paths = workspace_of(Path.cwd(), props["stack"], props["instance"])
        folder = paths.folder
        specification = DatabaseSpec.model_validate_json(props["specification"])
        outs = {key: props[key] for key in self.triggers if key in props}
        embedded = _embedded(props["source"])
        try:
            with this_process_recorded(folder / "creator.pid"):
                port: int = embedded.start(specification, props["password"], folder / "server", paths.group)
        except LoadtestError as error:
            embedded.stop(folder / "server")
            return CreateResult(id_=secrets.token_hex(8), outs={**outs, "port": 0, "error": str(error)})
        return CreateResult(id_=secrets.token_hex(8), outs={**outs, "port": port, "error": ""})

    def delete_resource(self, props: dict[str, Any]) -> None:
        """Stop the server and remove its data."""
        if not props.get("instance"):  # the state of an earlier version, without an instance id
            return
        for paths in workspaces_of(Path.cwd(), props["stack"], props["instance"]):
            _embedded(props["source"]).stop(paths.folder / "server")

    def find_lost(self, props: dict[str, Any]) -> str:
        """Report a server that has ended: its data may have been in memory."""
        if not props.get("instance"):  # the state of an earlier version, without an instance id
            return ""
        found = workspaces_of(Path.cwd(), props["stack"], props["instance"])
        running = any(is_running(paths.folder / "server" / "server.pid") for paths in found)
        return "" if running else f"the server of stack {props['stack']} has ended"


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


class LocalLoadTest(pulumi.ComponentResource):
    """A load test on this machine."""

    fleet: Fleet
    endpoint: pulumi.Output[str]
    connection_string: pulumi.Output[str]

    def __init__(self, name: str, args: LoadTestArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("loadtest:local:LoadTest", name, None, opts)
        own = pulumi.ResourceOptions(parent=self)
        instance = Instance(f"{name}-instance", args.stack, own)
        mark = checked(instance.mark, lambda mark: require_own_folder(args.project, args.stack, mark))
        workspace = Workspace(f"{name}-workspace", args.stack, mark, own)
        server = self._server(name, args, args.database, workspace) if args.database else None
        self.connection_string = connection_of(
            args,
            server=lambda database: _connection_to(server, database, args.password),
            folder=folder_url(args.settings.output_dir or f"{WORKSPACES}/{args.stack}/output"),
        )
        self.endpoint = endpoint_of(args, self.connection_string)
        created: list[pulumi.Resource] = [server] if server else [workspace]
        handles: dict[str, pulumi.Input[Any]] = {
            "stack": args.stack,
            "instance": workspace.instance,
            "server": server.id if server else "",
        }
        self.fleet = Fleet(
            f"{name}-fleet",
            "local",
            args.plan,
            handles,
            pulumi.ResourceOptions(parent=self, depends_on=created),
            secrets={CONNECTION_VARIABLE: self.connection_string},
        )
        declare_guards(GuardProvider(), name, args.stack, workspace.instance, self, created, self.fleet)
        self.register_outputs({"endpoint": self.endpoint, "results": self.fleet.results})

    def _server(self, name: str, args: LoadTestArgs, database: DatabaseSpec, workspace: Workspace) -> LocalServer:
        return LocalServer(
            f"{name}-database",
            args.settings.source,
            database,
            args.stack,
            workspace.instance,
            args.password,
            args.plan.digest(),
            pulumi.ResourceOptions(parent=self),
        )


def _connection_to(
    server: LocalServer | None, database: DatabaseSpec, password: pulumi.Output[str]
) -> pulumi.Output[str]:
    assert server is not None  # noqa: S101 - declared whenever there is a database to create
    return pulumi.Output.all(password, server.port, server.error).apply(
        lambda given: _connection_string(database, str(given[0]), int(given[1]), str(given[2] or ""))
    )


def _connection_string(database: DatabaseSpec, password: str, port: int, error: str) -> str:
    if error:
        raise pulumi.RunError(error)
    return database.connection_string(password, "127.0.0.1", port)


declare = LocalLoadTest
