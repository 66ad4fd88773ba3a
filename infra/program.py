"""Declare the load test that the stack's configuration describes."""

from pathlib import Path

import pulumi

from core.docker_address import docker_address
from infra.checks import check_run
from infra.platforms import component_of
from infra.platforms.base import LoadTest, LoadTestArgs
from infra.resources.identity import Password
from infra.settings.configuration import engine_configuration
from infra.settings.model import Settings


def declare(project: Path) -> tuple[LoadTestArgs, LoadTest]:
    """Check the run and declare the load test. Raises LoadtestError, with everything that is wrong, before that."""
    stack = pulumi.get_stack()
    configuration = engine_configuration(project, stack)
    run = check_run(
        configuration.values,
        project,
        stack,
        encrypted=configuration.encrypted,
        recorded=not pulumi.runtime.is_dry_run(),
    )
    settings = run.settings
    for warning in run.warnings:
        pulumi.log.warn(warning)
    providers = dict(configuration.providers)
    if settings.platform == "docker":
        address = docker_address(project, stack)
        address.require_host(pulumi.Config("docker").get("host"))
        if inputs := address.provider_inputs():
            providers["docker"] = {**inputs, **providers.get("docker", {})}
    args = LoadTestArgs(
        stack=stack,
        project=project,
        settings=settings,
        plan=run.plan,
        database=run.database,
        password=_password(settings),
        providers=providers,
    )
    declared = [
        pulumi.ProviderResource(
            package, package, {name: _input(package, name, value) for name, value in inputs.items()}
        )
        for package, inputs in providers.items()
    ]
    component = component_of(settings.platform)
    return args, component(stack, args, pulumi.ResourceOptions(providers=declared))


def _input(package: str, name: str, value: str) -> pulumi.Input[str]:
    return pulumi.Output.secret(value) if pulumi.runtime.is_config_secret(f"{package}:{name}") else value


def _password(settings: Settings) -> pulumi.Output[str]:
    if settings.database_password is not None:
        return pulumi.Output.secret(settings.database_password.get_secret_value())
    if not settings.creates_server:
        return pulumi.Output.secret("")
    return Password(f"{pulumi.get_stack()}-password", pulumi.ResourceOptions()).value
