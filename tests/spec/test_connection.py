import pytest

from spec.connection import parse_connection
from spec.errors import InputError
from spec.sources import CSV, POSTGRESQL

PASSWORD = "s3cret/with#odd?chars"
GIVEN = "postgresql://us%20er:s3cret%2Fwith%23odd%3Fchars@db.example:6000/my%20base?sslmode=require"


def test_a_connection_string_is_taken_apart():
    at = parse_connection(GIVEN, POSTGRESQL)
    assert (at.user, at.password, at.host, at.port, at.database, at.options) == (
        "us er", PASSWORD, "db.example", 6000, "my base", "sslmode=require",
    )  # fmt: skip


def test_put_together_again_it_means_the_same():
    at = parse_connection(GIVEN, POSTGRESQL)
    assert parse_connection(at.url(), POSTGRESQL) == at


@pytest.mark.parametrize("shown", [str, repr, "{}".format])
def test_as_text_it_has_neither_user_nor_password_nor_options(shown):
    text = shown(parse_connection(GIVEN, POSTGRESQL))
    assert "postgresql://db.example:6000/my%20base" in text
    assert not any(secret in text for secret in ("s3cret", "us er", "us%20er", "sslmode"))


def test_the_port_is_the_server_s_usual_one():
    assert parse_connection("postgres://h/d", POSTGRESQL).port == 5432


def test_a_file_s_text_is_its_path():
    at = parse_connection("file:///a%20folder/x", CSV)
    assert (str(at), at.path, at.port) == ("/a folder/x", "/a folder/x", None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mysql://u:pw-secret@h/d", "KEY: has 'mysql' as its scheme, which is not postgresql's; write postgresql://"),
        ("just words pw-secret", "KEY: has no scheme, which is not postgresql's; write postgresql://"),
        ("postgresql:///pw-secret", "KEY: names no host; write postgresql://user:password@host:5432/database"),
        ("postgresql://u:p@h:pw-secret/d", "KEY: cannot be read as a connection string (its port is no number"),
        ("postgresql://u:pw-secret/x@h/d", "KEY: cannot be read as a connection string (its port is no number"),
        ("postgresql://u:pw-secret@[h/d", "KEY: cannot be read as a connection string (its host is none)"),
        ("postgresql://h:99999/pw-secret", "KEY: cannot be read as a connection string (its port is no number"),
    ],
)
def test_a_wrong_one_is_refused_by_its_key_and_not_repeated(text, said):
    with pytest.raises(InputError) as refused:
        parse_connection(text, POSTGRESQL, "KEY")
    assert str(refused.value).startswith(said)
    assert "pw-secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_options_are_known_or_refused():
    at = parse_connection("postgresql://h/d?a=1&b=", POSTGRESQL)
    assert at.parameters(("a", "b")) == {"a": "1", "b": ""}
    with pytest.raises(InputError, match="connectionString: option: 'b' is not known; write one of a"):
        at.parameters(("a",))
