import pytest

from core.errors import ExitCode, SettingsError
from core.units import GIB, MIB
from infra.settings.model import Settings
from tests.infra.configuration import settings, values

PASSWORD = "a-pass-of-the-tests"


def test_small_preset_has_bytes_cores_and_rows():
    small = settings()
    assert (small.workers, small.cpu_limit, small.memory_limit, small.tmpfs_size) == (2, 0.5, 512 * MIB, 256 * MIB)
    assert (small.row_count, small.batch_size, small.seed) == (10_000, 500, 42)
    assert (small.platform, small.source, small.method, small.operation) == ("local", "postgresql", "bulk", "populate")
    assert (small.tmpfs, small.database_tmpfs, small.database_memory_limit) == (True, False, GIB)
    assert small.creates_server
    assert small.tables == ()


def test_settings_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        setattr(settings(), "workers", 3)  # noqa: B010 - a type checker refuses it before pydantic does


@pytest.mark.parametrize("given", ["users,orders", '["users", "orders"]', ["users", "orders"], " users , orders "])
def test_tables_accept_list_json_and_commas(given):
    assert settings(tables=given).tables == ("users", "orders")


@pytest.mark.parametrize(("given", "count"), [(4, 4), ("4", 4), ("1_000", 1000), ("1,000,000", 1_000_000), (" 7 ", 7)])
def test_counts_accept_separators_and_spaces(given, count):
    assert settings(rowCount=given).row_count == count


def test_empty_setting_counts_as_unset():
    assert settings(connectionString="", databasePassword="", runId="", outputDir=None).creates_server


@pytest.mark.parametrize("source", ["csv", "jsonl"])
def test_files_need_no_server(source):
    assert not settings(source=source).creates_server


def test_existing_server_is_not_created():
    given = settings(connectionString=f"postgresql://u:{PASSWORD}@h/d")
    assert not given.creates_server
    assert given.connection is not None
    assert given.connection.host == "h"


def test_secrets_are_not_shown():
    given = settings(connectionString=f"postgresql://u:{PASSWORD}@h/d", databasePassword=PASSWORD)
    assert PASSWORD not in f"{given!r} {given} {given.model_dump()} {given.model_dump_json()}"


REFUSED = {
    "worker": (3, "loadtest:worker: is not a setting; did you mean workers?"),
    "zzz": (3, "loadtest:zzz: is not a setting; see docs/settings.md for every key"),
    "workers": (0, "loadtest:workers: 0 is not a whole number above zero; write one like 4"),
    "rowCount": ("-5", "loadtest:rowCount: '-5' is not a whole number above zero; write one like 4"),
    "batchSize": ("1.5", "loadtest:batchSize: '1.5' is not a whole number above zero; write one like 4"),
    "seed": ("x", "loadtest:seed: 'x' is not a whole number; write one like 42"),
    "timeout": ("1h", "loadtest:timeout: '1h' is not a whole number above zero; write one like 4"),
    "connectTimeout": ("0", "loadtest:connectTimeout: '0' is not a whole number above zero; write one like 4"),
    "memoryLimit": (
        "12 parsecs",
        "loadtest:memoryLimit: '12 parsecs' is not a valid size; write one like 512Mi, 1.5Gi or 2g",
    ),
    "databaseMemoryLimit": ("0", "loadtest:databaseMemoryLimit: '0' is not above zero; write one like 512Mi"),
    "tmpfsSize": ("much", "loadtest:tmpfsSize: 'much' is not a valid size; write one like 512Mi"),
    "cpuLimit": (
        "half",
        "loadtest:cpuLimit: 'half' is not a valid CPU quantity; write cores like 0.5 or 2, or millicores like 500m",
    ),
    "databaseCpuLimit": ("0", "loadtest:databaseCpuLimit: '0' is less than a thousandth of a core; write cores"),
    "tmpfs": ("yes", "loadtest:tmpfs: 'yes' is neither true nor false; write one of the two"),
    "keepDatabasePort": ("1", "loadtest:keepDatabasePort: '1' is neither true nor false; write one of the two"),
    "platform": ("podman", "loadtest:platform: 'podman' is not a valid choice; write one of local, docker"),
    "source": ("oracle", "loadtest:source: 'oracle' is not a valid choice; write one of "),
    "method": ("fast", "loadtest:method: 'fast' is not a valid choice; write one of bulk, insert"),
    "operation": ("read", "loadtest:operation: 'read' is not a valid choice; write one of populate"),
    "onExisting": ("drop", "loadtest:onExisting: 'drop' is not a valid choice; write one of empty, fail, append"),
    "runId": (
        "No Good",
        "loadtest:runId: 'No Good' is not a valid run id; write lower-case letters, digits and single dashes",
    ),
    "tables": ("[users", "loadtest:tables: '[users' is not a list of names; write one like users,orders"),
    "connectionString": (
        "mysql://u@h/d",
        "loadtest:connectionString: has the scheme 'mysql', which postgresql does not use",
    ),
}


@pytest.mark.parametrize("key", REFUSED)
def test_invalid_value_is_refused_with_key_and_remedy(key):
    value, line = REFUSED[key]
    with pytest.raises(SettingsError) as refused:
        settings(**{key: value})
    assert str(refused.value).startswith(line)
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == ExitCode.BAD_INPUT


def test_duplicate_table_is_refused():
    with pytest.raises(SettingsError, match="loadtest:tables: 'a,b,a' names a twice; write each once"):
        settings(tables="a,b,a")


@pytest.mark.parametrize("key", ["workers", "cpuLimit", "memoryLimit", "tmpfsSize"])
def test_missing_setting_is_refused_with_its_key(key):
    given = values()
    del given[key]
    with pytest.raises(SettingsError, match=f"^loadtest:{key}: is missing; set it in the stack file or with "):
        Settings.of(given)


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://u:{PASSWORD}@h:port/d",
        f"postgresql://u:x@{PASSWORD}@h/d",
        f"{PASSWORD}",
        f"postgresql://u:{PASSWORD}/x@h/d",
        f"http://u:{PASSWORD}@h/d",
    ],
)
def test_invalid_connection_string_is_not_printed(text):
    with pytest.raises(SettingsError) as refused:
        settings(connectionString=text)
    assert str(refused.value).startswith("loadtest:connectionString: ")
    assert "write postgresql://user:password@host:5432/database" in str(refused.value)
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize(
    ("source", "text", "line"),
    [
        (
            "mysql",
            "mysql://h/d?ssl-mode=MAYBE",
            "ssl-mode: 'MAYBE' is not a valid value; use one of DISABLED, PREFERRED",
        ),
        ("mysql", "mysql://h/d?sslmode=require", "option: 'sslmode' is not known; did you mean ssl-mode?"),
        ("postgresql", "postgresql://h/d?sslmode=on", "sslmode: 'on' is not a valid value; use one of disable, allow"),
        ("postgresql", "host=h sslmode=yes", "sslmode: 'yes' is not a valid value; use one of disable, allow"),
    ],
)
def test_unknown_tls_option_is_refused(source, text, line):
    with pytest.raises(SettingsError) as refused:
        settings(source=source, connectionString=text)
    assert str(refused.value).startswith(f"loadtest:connectionString: {line}")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("mysql", "mysql://h/d?ssl-mode=required"),
        ("postgresql", "postgresql://h/d?sslmode=verify-full&application_name=x"),
    ],
)
def test_known_tls_option_is_accepted(source, text):
    assert settings(source=source, connectionString=text).connection is not None


def test_connection_string_of_file_source_is_refused():
    with pytest.raises(SettingsError, match="loadtest:connectionString: is set, but csv writes files; remove it"):
        settings(source="csv", connectionString="file:///x")
