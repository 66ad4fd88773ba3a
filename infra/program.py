"""From the stack's configuration to the declared load test."""

from collections.abc import Mapping
from pathlib import Path

import pulumi
from pulumi.runtime import set_config
from pulumi.runtime.config import CONFIG, is_config_secret

from core.stack_file import under_engine
from infra.databases import database_of
from infra.planner import plan_of, warnings_of
from infra.platforms import component_of
from infra.platforms.base import LoadTest, LoadTestArgs
from infra.resources.identity import Password
from infra.settings.model import NAMESPACE, Settings, check_secrets
from infra.settings.output_dir import check_output


def declare(project: Path) -> tuple[LoadTestArgs, LoadTest]:
    """Read, plan and declare; raises LoadtestError before anything is declared for what cannot be used."""
    prefix = f"{NAMESPACE}:"
    configuration = under_engine(project, pulumi.get_stack(), CONFIG.get())
    values = {key.removeprefix(prefix): value for key, value in configuration.items() if key.startswith(prefix)}
    encrypted = [key for key in values if is_config_secret(f"{prefix}{key}")]
    check_secrets(values, encrypted, pulumi.get_stack(), recorded=not pulumi.runtime.is_dry_run())
    settings = Settings.of(values)
    plan = plan_of(settings, project)
    check_output(settings, project, pulumi.get_stack(), plan)
    database = database_of(settings)
    for warning in warnings_of(plan, database, here=settings.runs_here, port_kept=settings.keep_database_port):
        pulumi.log.warn(warning)
    args = LoadTestArgs(
        stack=pulumi.get_stack(),
        project=project,
        settings=settings,
        plan=plan,
        database=database,
        password=_password(settings),
    )
    providers = _providers({key: str(value) for key, value in configuration.items() if key not in CONFIG.get()})
    component = component_of(settings.platform)
    return args, component(pulumi.get_stack(), args, pulumi.ResourceOptions(providers=providers))


def _providers(unread: Mapping[str, str]) -> list[pulumi.ProviderResource]:
    """Return the providers that the preset configures, like `kubernetes:context`: the engine has not read these keys."""
    inputs: dict[str, dict[str, str]] = {}
    for key, value in unread.items():
        package, _, name = key.partition(":")
        if package != NAMESPACE:
            inputs.setdefault(package, {})[name] = value
            set_config(key, value)
    return [pulumi.ProviderResource(package, package, given) for package, given in inputs.items()]


def _password(settings: Settings) -> pulumi.Output[str]:
    if settings.database_password is not None:
        return pulumi.Output.secret(settings.database_password.get_secret_value())
    if not settings.owns_server:
        return pulumi.Output.secret("")
    return Password(f"{pulumi.get_stack()}-password", pulumi.ResourceOptions()).value
