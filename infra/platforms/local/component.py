"""The embedded default: a folder, a server from a Python package, and workers that are processes."""

from typing import Any

import pulumi

from core.connection import parse_connection
from core.errors import SettingsError
from infra.databases.spec import DatabaseSpec
from infra.fleet.resource import Fleet
from infra.ownership import checked
from infra.platforms.base import CONNECTION_VARIABLE, LoadTestArgs
from infra.platforms.local.folder_url import folder_url, relative_folder
from infra.platforms.local.server import LocalServer
from infra.platforms.local.workspace import PARENT, Workspace, require_own_folder
from infra.resources.instance import Instance
from infra.settings.model import NAMESPACE


class LocalLoadTest(pulumi.ComponentResource):
    """A load test on this machine."""

    fleet: Fleet
    endpoint: pulumi.Output[str]
    connection_string: pulumi.Output[str]

    def __init__(self, name: str, args: LoadTestArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("loadtest:local:LoadTest", name, None, opts)
        if args.database and not args.settings.capabilities.embedded:
            raise SettingsError(
                f"{NAMESPACE}:platform: local, which has no embedded {args.settings.source} server; "
                f"set {NAMESPACE}:platform to docker, or name a server by {NAMESPACE}:connectionString"
            )
        own = pulumi.ResourceOptions(parent=self)
        instance = Instance(f"{name}-instance", args.stack, own)
        mark = checked(instance.mark, lambda mark: require_own_folder(args.project, args.stack, mark))
        workspace = Workspace(f"{name}-workspace", args.stack, mark, own)
        server = self._server(name, args, args.database, workspace) if args.database else None
        self.connection_string = self._connection(args, server)
        source = args.settings.capabilities
        self.endpoint = pulumi.Output.unsecret(
            self.connection_string.apply(lambda text: relative_folder(text) or str(parse_connection(text, source)))
        )
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
            pulumi.ResourceOptions(parent=self, depends_on=[server] if server else [workspace]),
            secrets={CONNECTION_VARIABLE: self.connection_string},
        )
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

    def _connection(self, args: LoadTestArgs, server: LocalServer | None) -> pulumi.Output[str]:
        """The server that was given, the one that is made here, or the folder that files go to."""
        settings = args.settings
        if settings.connection_string is not None:
            return pulumi.Output.secret(settings.connection_string.get_secret_value())
        if server is None or args.database is None:
            return pulumi.Output.secret(folder_url(settings.output_dir or f"{PARENT}/{args.stack}/output"))
        database = args.database
        return pulumi.Output.secret(
            pulumi.Output.all(args.password, server.port, server.error).apply(
                lambda given: _reached(database, str(given[0]), int(given[1]), str(given[2] or ""))
            )
        )


def _reached(database: DatabaseSpec, password: str, port: int, error: str) -> str:
    if error:
        raise pulumi.RunError(error)
    return database.connection_string(password, "127.0.0.1", port)
