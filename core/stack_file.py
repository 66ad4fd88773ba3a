"""Read the configuration of a stack from the project's files, without an engine.

There are three layers, of which the later ones override the earlier: the defaults in Pulumi.yaml, the preset
`Pulumi.STACK.yaml` next to it, and the file of the same name in `stackConfigDir`, which Pulumi writes.
"""

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from core.errors import SettingsError
from core.process import pulumi_command
from core.text import one_line

_PREFIX, _SUFFIX = "Pulumi.", ".yaml"


def stacks_of(project: Path) -> list[str]:
    """Return the sorted names of the stacks that have a file."""
    files = [file for folder in {project, _own_folder(project)} for file in folder.glob(f"{_PREFIX}*{_SUFFIX}")]
    return sorted({file.name.removeprefix(_PREFIX).removesuffix(_SUFFIX) for file in files})


def require_stack(project: Path, stack: str) -> None:
    """Raise SettingsError, with the list of stacks, for a stack without a file."""
    known = stacks_of(project)
    if short_name(stack) not in known:
        raise unknown_stack(stack, known, "stack")


def unknown_stack(stack: str, known: Iterable[str], key: str = "--stack") -> SettingsError:
    """Return the error for a stack that does not exist; `key` names where the stack's name is from."""
    return SettingsError(
        f"{key}: {stack!r} does not exist; use one of {', '.join(known)}, or create {_PREFIX}{stack}{_SUFFIX}"
    )


def short_name(stack: str) -> str:
    """Return a stack's name without organization and project, as in `organization/project/stack`."""
    return stack.rpartition("/")[2]


def read_stack(project: Path, stack: str) -> Mapping[str, Any]:
    """Return every key of a stack with its namespace, the values of its environments (Pulumi ESC) included.

    An encrypted value is a mapping with the key `secure`. A stack without a file has no keys. Only a stack with environments
    needs Pulumi. Raises SettingsError.
    """
    name = short_name(stack)
    if name not in stacks_of(project):
        return {}
    if not _document(own_file(project, name)).get("environment"):
        return stack_configuration(project, name)
    return under_engine(project, name, _values_of_engine(project, stack))


def _values_of_engine(project: Path, stack: str) -> Mapping[str, Any]:
    command = [*pulumi_command(), "config", "--json", "--non-interactive", "--stack", stack]
    try:
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
        failure = one_line(done.stderr, -300) if done.returncode else ""
        values: Mapping[str, Any] = {} if failure else json.loads(done.stdout)
    except (OSError, ValueError) as error:
        failure = one_line(error, 300)
    if failure:
        raise SettingsError(
            f"{_PREFIX}{short_name(stack)}{_SUFFIX}: environment: cannot be read ({failure}); log in with `pulumi login`, or "
            "remove the environment"
        )
    return {
        key: {"secure": ""} if entry.get("secret") else entry.get("objectValue", entry.get("value"))
        for key, entry in values.items()
    }


def stack_configuration(project: Path, stack: str) -> Mapping[str, Any]:
    """Return every key with its namespace; an encrypted value is a mapping with the key `secure`.

    Raises SettingsError for a stack without a file and for a file that is not a configuration.
    """
    require_stack(project, stack)
    return {**_defaults(project), **_preset(project, stack), **_mapping(own_file(project, stack))}


def under_engine(project: Path, stack: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the engine's values, with the preset's values in place of defaults.

    The engine fills `given` with the project's defaults. A preset's value replaces a default, but not a value from the
    stack's own file, `-c` or an environment. Raises SettingsError for an encrypted value in the preset, because the
    encryption salt is in the other file.
    """
    defaults, own = _defaults(project), _mapping(own_file(project, stack))
    values: dict[str, Any] = dict(given)
    for key, value in _preset(project, stack).items():
        if key in own or (key in given and not same_value(given[key], defaults.get(key))):
            continue
        if is_secret(value):
            raise SettingsError(
                f"{key}: is encrypted in {_PREFIX}{stack}{_SUFFIX}, which Pulumi cannot decrypt there; remove it and run "
                f"`pulumi config set --secret {key} -s {stack}`"
            )
        values[key] = value
    return values


def project_name(project: Path) -> str:
    """Return the name that Pulumi.yaml gives the project."""
    return str(_document(project / "Pulumi.yaml").get("name"))


def own_file(project: Path, stack: str) -> Path:
    """Return the path of the stack's file in `stackConfigDir`, which Pulumi itself writes."""
    return _own_folder(project) / f"{_PREFIX}{stack}{_SUFFIX}"


def own_values(project: Path, stack: str) -> Mapping[str, Any]:
    """Return the keys, with their namespace, of the file that Pulumi itself writes for the stack."""
    return _mapping(own_file(project, stack))


def is_secret(value: object) -> bool:
    """Return whether a value of a stack file is encrypted."""
    return isinstance(value, dict) and "secure" in value


def same_value(text: object, value: object) -> bool:
    """Return whether the engine's text, or a value of a file, equals this value of a file."""
    if text == value or not isinstance(text, str):
        return text == value
    try:
        return bool(json.loads(text) == value)
    except json.JSONDecodeError:
        return False


def _preset(project: Path, stack: str) -> Mapping[str, Any]:
    return _mapping(project / f"{_PREFIX}{stack}{_SUFFIX}")


def _defaults(project: Path) -> Mapping[str, Any]:
    return {key: entry["default"] for key, entry in _mapping(project / "Pulumi.yaml").items() if "default" in entry}


def _own_folder(project: Path) -> Path:
    return project / str(_document(project / "Pulumi.yaml").get("stackConfigDir") or ".")


def _mapping(path: Path) -> Mapping[str, Any]:
    config = _document(path).get("config") or {}
    if not isinstance(config, dict):
        raise SettingsError(f"{path.name}: config: is not a mapping; write one `key: value` per line below it")
    return config


def _document(path: Path) -> Mapping[str, Any]:
    """Return the file's content, or an empty mapping if the file does not exist."""
    if not path.is_file():
        return {}
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise SettingsError(f"{path.name}: is not valid YAML ({one_line(error)})") from None
    if not isinstance(document, dict):
        raise SettingsError(f"{path.name}: is not a mapping; write `config:` and the keys below it")
    return document
