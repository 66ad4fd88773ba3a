"""Declare the load test that the stack's configuration describes."""

from pathlib import Path

import pulumi

from infra.databases import database_of
from infra.planner import plan_of, warnings_of
from infra.platforms import component_of
from infra.platforms.base import LoadTest, LoadTestArgs
from infra.resources.identity import Password
from infra.settings.configuration import engine_configuration
from infra.settings.model import Settings, check_secrets
from infra.settings.output_dir import check_output


def declare(project: Path) -> tuple[LoadTestArgs, LoadTest]:
    """Read the settings, make the plan and declare the load test. Raises LoadtestError before anything is declared."""
    stack = pulumi.get_stack()
    configuration = engine_configuration(project, stack)
    check_secrets(configuration.values, configuration.encrypted, stack, recorded=not pulumi.runtime.is_dry_run())
    settings = Settings.of(configuration.values)
    plan = plan_of(settings, project)
    check_output(settings, project, stack, plan)
    database = database_of(settings)
    for warning in warnings_of(plan, database, here=settings.runs_here, port_kept=settings.keep_database_port):
        pulumi.log.warn(warning)
    args = LoadTestArgs(
        stack=stack,
        project=project,
        settings=settings,
        plan=plan,
        database=database,
        password=_password(settings),
        providers=configuration.providers,
    )
    providers = [
        pulumi.ProviderResource(package, package, dict(inputs)) for package, inputs in configuration.providers.items()
    ]
    component = component_of(settings.platform)
    return args, component(stack, args, pulumi.ResourceOptions(providers=providers))


def _password(settings: Settings) -> pulumi.Output[str]:
    if settings.database_password is not None:
        return pulumi.Output.secret(settings.database_password.get_secret_value())
    if not settings.creates_server:
        return pulumi.Output.secret("")
    return Password(f"{pulumi.get_stack()}-password", pulumi.ResourceOptions()).value
