"""The settings of a stack as one frozen model, checked when it is created.

All defaults are in the `config:` block of Pulumi.yaml.
"""

import difflib
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, SecretStr, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from core.connection import CONNECTION_KEY, Connection, parse_connection
from core.connection_options import check_options
from core.errors import Complaints, InputError, Problem, SettingsError
from core.options import Count, Flag, LoadOptions, OnExisting, one_of
from core.platforms import PLATFORMS
from core.settings_key import setting_key
from core.stores import SOURCES, Capabilities
from core.units import Cpu, Size
from infra.settings.types import (
    Name,
    Names,
    ObjectName,
    RunId,
    Selector,
    Thresholds,
    Tolerations,
)

_PASSWORD_KEY = "databasePassword"  # noqa: S105 - the name of a setting
_SECRETS = (CONNECTION_KEY, _PASSWORD_KEY)
_KEYS = {
    "schema_file": "schema",
    "timeout_seconds": "timeout",
    "connect_seconds": "connectTimeout",
    "start_seconds": "startTimeout",
}
"""Fields whose key is not their name in camel case."""


def _key_of(field: str) -> str:
    return _KEYS.get(field) or to_camel(field)


class FailOn(StrEnum):
    """The outcomes of a run with which `pulumi up` fails."""

    NEVER = "never"
    FAILURE = "failure"
    THRESHOLD = "threshold"


class Settings(LoadOptions):
    """Every setting of the stack; sizes in bytes, CPU in cores, times in seconds."""

    model_config = ConfigDict(alias_generator=_key_of, validate_by_name=True)

    platform: Annotated[str, one_of(*PLATFORMS)]
    source: Annotated[str, one_of(*SOURCES)]
    workers: Count
    cpu_limit: Cpu
    memory_limit: Size
    tmpfs: Flag
    tmpfs_size: Size
    schema_file: str
    tables: Names = ()
    thresholds: Thresholds = ()
    run_id: RunId | None = None
    output_dir: str | None = None
    connection_string: SecretStr | None = None
    database_password: SecretStr | None = None
    database_image: str | None = None
    database_cpu_limit: Cpu
    database_memory_limit: Size
    database_tmpfs: Flag
    keep_database_port: Flag
    worker_image: str | None = None
    worker_base_image: str
    namespace: Name | None = None
    database_storage: Size | None = None
    database_storage_class: ObjectName | None = None
    output_storage: ObjectName | None = None
    image_pull_secret: ObjectName | None = None
    node_selector: Selector = Field(default_factory=dict)
    tolerations: Tolerations = ()
    priority_class: ObjectName | None = None
    cpu_request: Cpu | None = None
    memory_request: Size | None = None
    cluster_grows: Flag
    fail_on: Annotated[FailOn, one_of(*FailOn)]
    full_outputs: Flag

    @property
    def capabilities(self) -> Capabilities:
        """The properties of the source."""
        return SOURCES[self.source]

    @property
    def runs_here(self) -> bool:
        """Whether the load uses this machine's cores and folders."""
        return PLATFORMS[self.platform].on_this_machine

    @property
    def connection(self) -> Connection | None:
        """The existing server, if one is named. Raises InputError for an invalid connection string."""
        if self.connection_string is None:
            return None
        key = setting_key(CONNECTION_KEY)
        if not self.capabilities.needs_server:
            raise SettingsError(
                f"{key}: is set, but {self.source} writes files; remove it, and name a folder with outputDir"
            )
        try:
            at = parse_connection(self.connection_string.get_secret_value(), self.capabilities, key)
            check_options(at, self.capabilities)
        except InputError as error:
            raise SettingsError(*error.lines) from None
        return at

    @property
    def creates_server(self) -> bool:
        """Whether Loadtest creates the server."""
        return self.capabilities.needs_server and self.connection is None

    @property
    def may_have_other_data(self) -> bool:
        """Whether rows are written to an existing server or folder, which may contain other data."""
        if self.capabilities.needs_server:
            return self.connection is not None
        return bool(self.output_dir or self.output_storage)

    @classmethod
    def all_keys(cls) -> Sequence[str]:
        """Return the keys of all settings."""
        return [field.alias or name for name, field in cls.model_fields.items()]

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Return the settings from keys without their namespace. Raises SettingsError with every invalid one."""
        known, complaints = cls.all_keys(), Complaints()
        given = {key: value for key, value in values.items() if value not in (None, "")}
        unknown = [key for key in given if key not in known]
        for key in unknown:
            with complaints.collect():
                raise _unknown(key, known)
        try:
            settings = cls.model_validate({key: value for key, value in given.items() if key not in unknown})
        except ValidationError as error:
            for each in error.errors():
                with complaints.collect():
                    raise _settings_error(each) from None
            complaints.finish()
            raise
        with complaints.collect():
            _ = settings.connection
            _check_password(settings)
        complaints.finish()
        if settings.may_have_other_data and "on_existing" not in settings.model_fields_set:
            settings = settings.model_copy(update={"on_existing": OnExisting.FAIL})
        return settings


def check_secrets(values: Mapping[str, Any], encrypted: Collection[str], stack: str, *, recorded: bool = False) -> None:
    """Raise SettingsError for each password that is not encrypted in the stack's configuration.

    `values` and `encrypted` have keys without their namespace. `pulumi up -c KEY=VALUE` writes the value to the stack file
    before the program runs. `recorded` is true for an update, which adds the configuration to the stack's history, and false
    for a preview.
    """
    complaints = Complaints()
    for key in _SECRETS:
        if not values.get(key) or key in encrypted:
            continue
        if key == CONNECTION_KEY and not _has_password(values):
            continue
        kept = "; the stack's history keeps it, so change the password" if recorded else ""
        with complaints.collect():
            raise SettingsError(
                f"{setting_key(key)}: has a plain-text password in Pulumi.{stack}.yaml or on the command line; remove it and "
                f"encrypt it with `pulumi config set --secret --stack {stack} {setting_key(key)}`, which asks for it{kept}"
            )
    complaints.finish()


def _has_password(values: Mapping[str, Any]) -> bool:
    """Return whether a connection string contains a password; True for an invalid one."""
    source = SOURCES.get(str(values.get("source")))
    try:
        return source is None or parse_connection(str(values[CONNECTION_KEY]), source).has_secret
    except InputError:
        return True


def _check_password(settings: Settings) -> None:
    """Raise SettingsError for a password that the server does not accept."""
    if settings.database_password is None or not settings.creates_server:
        return
    password, key = settings.database_password.get_secret_value(), setting_key(_PASSWORD_KEY)
    if not password.isprintable():
        raise SettingsError(f"{key}: contains a line break or another control character; write printable characters")
    if len(password) < (shortest := settings.capabilities.shortest_password):
        raise SettingsError(f"{key}: is too short for {settings.source}; write {shortest} characters or more")


def _unknown(key: str, known: Sequence[str]) -> SettingsError:
    nearest = difflib.get_close_matches(key, known, n=1)
    remedy = f"did you mean {nearest[0]}?" if nearest else "see docs/settings.md for every key"
    return SettingsError(f"{setting_key(key)}: is not a setting; {remedy}")


def _settings_error(error: ErrorDetails) -> InputError:
    """Return an error of the model as a message of one line."""
    name = error["loc"][0]
    key = setting_key(str(name))
    if error["type"] == "missing":
        return SettingsError(f"{key}: is missing; set it in the stack file or with `pulumi config set`")
    found = error.get("ctx", {}).get("error")
    secret = name in _SECRETS
    if not isinstance(found, Problem):
        found = Problem(f"cannot be used ({error['msg']})", "write a text" if secret else "see docs/settings.md")
    if secret:
        return SettingsError(f"{key}: {found}")
    return SettingsError.of(key, error["input"], found.problem, found.remedy)
