"""The stack's configuration, read once into one frozen model; what cannot be used is refused by key, value and remedy.

Every default stands in the `config:` block of Pulumi.yaml and nowhere else.
"""

import difflib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic.alias_generators import to_camel

from spec.connection import Connection, parse_connection
from spec.errors import InputError, SettingsError
from spec.plan import OnExisting, Operation
from spec.sources import METHODS, SOURCES, Capabilities
from spec.thresholds import parse_thresholds
from spec.units import Cpu, Size

NAMESPACE = "loadtest"
Platform = Literal["local", "docker"]
PLATFORMS = ("local", "docker")


def _count(value: object) -> int:
    text = str(value).strip().replace("_", "").replace(",", "")
    if not text.isdecimal() or int(text) < 1:
        raise ValueError("is no whole number above zero; write one like 4")
    return int(text)


def _whole(value: object) -> int:
    text = str(value).strip()
    if not text.removeprefix("-").isdecimal():
        raise ValueError("is no whole number; write one like 42")
    return int(text)


def _flag(value: object) -> bool:
    text = str(value).strip().lower()
    if text not in ("true", "false"):
        raise ValueError("is neither true nor false; write one of the two")
    return text == "true"


def _names(value: object) -> tuple[str, ...]:
    """A list, as Pulumi hands it over (JSON text), as YAML has it, or separated by commas."""
    if isinstance(value, str):
        text = value.strip()
        try:
            value = json.loads(text) if text.startswith("[") else list(filter(None, map(str.strip, text.split(","))))
        except ValueError:
            raise ValueError("is no list of names; write one like users,orders") from None
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError("is no list of names; write one like users,orders")
    if repeated := {str(name) for name in value if value.count(name) > 1}:
        raise ValueError(f"names {', '.join(sorted(repeated))} twice; write each once")
    return tuple(value)


def _one_of(*choices: str) -> BeforeValidator:
    def check(value: object) -> object:
        if value not in choices:
            raise ValueError(f"is none of the choices; write one of {', '.join(choices)}")
        return value

    return BeforeValidator(check)


def _run_id(value: object) -> str:
    text = str(value)
    if not text or len(text) > 40 or not all(part.isalnum() for part in text.split("-")) or text != text.lower():
        raise ValueError("is no run id; write lower-case letters, digits and single dashes, 40 at most")
    return text


def _texts(value: object) -> tuple[str, ...]:
    """A list of thresholds, each checked here, so that a mistake costs no run."""
    try:
        texts = json.loads(value) if isinstance(value, str) and value.strip().startswith("[") else value
    except ValueError:
        texts = None
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise ValueError('is no list; write one like ["rows_per_second >= 50000"]')
    parse_thresholds(texts)
    return tuple(texts)


Count = Annotated[int, BeforeValidator(_count)]
Whole = Annotated[int, BeforeValidator(_whole)]
Flag = Annotated[bool, BeforeValidator(_flag)]


class Settings(BaseModel):
    """Every key of the stack, checked; sizes in bytes, CPU in cores, times in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True)

    platform: Annotated[Platform, _one_of(*PLATFORMS)]
    source: Annotated[str, _one_of(*SOURCES)]
    workers: Count
    cpu_limit: Cpu
    memory_limit: Size
    tmpfs: Flag
    tmpfs_size: Size
    schema_file: str = Field(alias="schema")
    tables: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()
    row_count: Count
    batch_size: Count
    seed: Whole
    method: Annotated[str, _one_of(*METHODS)]
    operation: Annotated[Operation, _one_of(*Operation)]
    on_existing: Annotated[OnExisting, _one_of(*OnExisting)] | None = None
    timeout: Count
    thresholds: Annotated[tuple[str, ...], BeforeValidator(_texts)] = ()
    run_id: Annotated[str, BeforeValidator(_run_id)] | None = None
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

    @property
    def capabilities(self) -> Capabilities:
        """What the source can do."""
        return SOURCES[self.source]

    @property
    def connection(self) -> Connection | None:
        """The server that is there already, if one was named; raises InputError for a text that names none."""
        if self.connection_string is None:
            return None
        key = f"{NAMESPACE}:connectionString"
        if not self.capabilities.needs_server:
            raise InputError(
                f"{key}: is set, but {self.source} writes files; remove it, and name a folder by outputDir"
            )
        return parse_connection(self.connection_string.get_secret_value(), self.capabilities, key)

    @property
    def owns_server(self) -> bool:
        """Whether the program makes the server itself."""
        return self.capabilities.needs_server and self.connection is None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """From the stack's keys, without their namespace; raises SettingsError for the first that cannot be used."""
        given = {key: value for key, value in values.items() if value not in (None, "")}
        known = [field.alias or name for name, field in cls.model_fields.items()]
        for key in given:
            if key not in known:
                nearest = difflib.get_close_matches(key, known, n=1)
                remedy = f"did you mean {nearest[0]}?" if nearest else "see the README for every key"
                raise SettingsError(f"{NAMESPACE}:{key}: is no setting; {remedy}")
        try:
            settings = cls.model_validate(given)
            _ = settings.connection
        except ValidationError as error:
            raise _refused(error) from None
        except InputError as error:
            raise SettingsError(str(error)) from None
        return settings


def _refused(error: ValidationError) -> SettingsError:
    """The first thing that is wrong, in one line."""
    first = error.errors()[0]
    key = f"{NAMESPACE}:{first['loc'][0]}"
    if first["type"] == "missing":
        return SettingsError(f"{key}: is missing; set it in the stack file or by `pulumi config set`")
    message = str(first["ctx"]["error"]) if "error" in first.get("ctx", {}) else f"cannot be used ({first['msg']})"
    problem, _, remedy = message.partition("; ")
    return SettingsError(str(InputError.of(key, first["input"], problem, remedy or "see the README")))
