"""The interface between the program and a platform's component."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pulumi

from core.connection import parse_connection
from core.labels import PLAN_LABEL, RUN_LABEL, STACK_LABEL
from core.plan import LoadPlan
from infra.databases.spec import DatabaseSpec
from infra.fleet.resource import Fleet
from infra.settings.model import Settings
from infra.settings.output_dir import relative_folder


@dataclass(frozen=True, slots=True)
class LoadTestArgs:
    """The arguments of a load test, the same on every platform."""

    stack: str
    project: Path
    settings: Settings
    plan: LoadPlan
    database: DatabaseSpec | None
    """The server to create; None for an existing server and for files."""
    password: pulumi.Output[str]
    """The password of the server to create; a secret."""
    providers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Provider settings that the engine has not read, by package: see `EngineConfiguration.providers`."""

    @property
    def labels(self) -> dict[str, str]:
        """The labels of every created resource, by which cleanup finds it."""
        return {
            STACK_LABEL: self.stack,
            RUN_LABEL: self.plan.run_id,
            PLAN_LABEL: self.plan.digest(),
        }


def connection_of(
    args: LoadTestArgs, *, server: Callable[[DatabaseSpec], pulumi.Output[str]], folder: str
) -> pulumi.Output[str]:
    """Return the secret connection string of the existing server, of the server to create, or the output folder's URL."""
    if args.settings.connection_string is not None:
        return pulumi.Output.secret(args.settings.connection_string.get_secret_value())
    return pulumi.Output.secret(folder if args.database is None else server(args.database))


def endpoint_of(args: LoadTestArgs, connection: pulumi.Output[str]) -> pulumi.Output[str]:
    """Return the source's address without secrets; a relative output folder stays relative."""
    source = args.settings.capabilities
    return pulumi.Output.unsecret(
        connection.apply(lambda text: relative_folder(text) or str(parse_connection(text, source)))
    )


class LoadTest(Protocol):
    """A platform's component, once it is declared."""

    fleet: Fleet
    endpoint: pulumi.Output[str]
    """The source's address, without secrets."""
    connection_string: pulumi.Output[str]
    """A secret."""


class LoadTestComponent(Protocol):
    """The function `declare` of a platform's module `component`."""

    def __call__(self, name: str, args: LoadTestArgs, opts: pulumi.ResourceOptions | None = None) -> LoadTest:
        """Declare every resource of the load test. Raises LoadtestError before anything is created."""
        ...
