"""Read a stack's configuration: from its files alone, or from the running engine. Keys are without the namespace `loadtest`."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.settings_key import NAMESPACE
from core.stack_file import is_secret, read_stack, require_stack, stack_configuration, stacks_of, under_engine
from infra.settings.model import Settings

_PREFIX = f"{NAMESPACE}:"


def stack_values(project: Path, stack: str) -> Mapping[str, Any]:
    """Return the keys of a stack without the secrets, which only the engine can read."""
    require_stack(project, stack)
    return _loadtest_keys({key: value for key, value in read_stack(project, stack).items() if not is_secret(value)})


def encrypted_keys(project: Path, stack: str) -> frozenset[str]:
    """Return the keys of a stack whose values only the engine can read."""
    require_stack(project, stack)
    return frozenset(
        _loadtest_keys({key: value for key, value in read_stack(project, stack).items() if is_secret(value)})
    )


@dataclass(frozen=True, slots=True)
class EngineConfiguration:
    """The configuration of the stack that the engine is running."""

    values: Mapping[str, Any]
    encrypted: Collection[str]
    """The keys that are secrets of the engine."""
    providers: Mapping[str, Mapping[str, str]]
    """All keys of each other package of which the preset sets one, like `kubernetes:context`. The engine has not read that one,
    so the package needs a provider with these keys, and such a provider does not read the engine's."""


def engine_configuration(project: Path, stack: str) -> EngineConfiguration:
    """Return the engine's values, with the preset in place of defaults. Raises SettingsError.

    Pulumi's API does not list the keys, so this reads every declared setting and every key of the stack's files. `-c`
    writes its keys to one of them before the program runs.
    """
    from pulumi.runtime import is_config_secret  # `make plan` needs no Pulumi

    in_files = stack_configuration(project, stack) if stack in stacks_of(project) else {}
    keys = dict.fromkeys([*(f"{_PREFIX}{key}" for key in Settings.all_keys()), *in_files])
    given = {key: value for key in keys if (value := _engine_value(key)) is not None}
    configuration = under_engine(project, stack, given)
    packages = {key.partition(":")[0] for key in configuration.keys() - given.keys()} - {NAMESPACE}
    providers: dict[str, dict[str, str]] = {package: {} for package in sorted(packages)}
    for key, value in configuration.items():
        package, _, name = key.partition(":")
        if package in providers:
            providers[package][name] = value if isinstance(value, str) else json.dumps(value)
    values = _loadtest_keys(configuration)
    return EngineConfiguration(values, [key for key in values if is_config_secret(f"{_PREFIX}{key}")], providers)


def _engine_value(key: str) -> str | None:
    import pulumi

    namespace, _, name = key.partition(":")
    return pulumi.Config(namespace).get(name)


def _loadtest_keys(configuration: Mapping[str, Any]) -> dict[str, Any]:
    return {key.removeprefix(_PREFIX): value for key, value in configuration.items() if key.startswith(_PREFIX)}
