from pathlib import Path

import pytest

from core.connection import parse_connection
from core.errors import InputError
from core.stores import CSV, KAFKA, MONGODB, MYSQL, POSTGRESQL

PASSWORD = "s3cret/with#odd?chars"
GIVEN = "postgresql://us%20er:s3cret%2Fwith%23odd%3Fchars@db.example:6000/my%20base?sslmode=require"


def test_connection_keeps_text_and_reads_parts():
    at = parse_connection(GIVEN, POSTGRESQL)
    assert at.text == GIVEN
    assert (at.user, at.password, at.host, at.port, at.database, at.options) == (
        "us er", PASSWORD, "db.example", 6000, "my base", (("sslmode", "require"),),
    )  # fmt: skip


@pytest.mark.parametrize("shown", [str, repr, "{}".format])
def test_connection_text_omits_user_password_and_options(shown):
    text = shown(parse_connection(GIVEN, POSTGRESQL))
    assert "postgresql://db.example:6000/my%20base" in text
    assert not any(secret in text for secret in ("s3cret", "us er", "us%20er", "sslmode"))


def test_missing_port_defaults_to_that_of_the_source():
    assert parse_connection("postgres://h/d", POSTGRESQL).port == 5432


def test_file_connection_text_is_its_path(tmp_path: Path):
    at = parse_connection("file:///a%20folder/x", CSV)
    assert (str(at), at.path, at.port) == ("/a folder/x", "/a folder/x", None)
    odd = tmp_path / "a #b ?c %41"
    assert parse_connection(odd.as_uri(), CSV).path == str(odd)


@pytest.mark.parametrize("text", ["file://elsewhere/x", "file://", "file:///a%00b"])
def test_file_connection_rejects_other_machines(text):
    with pytest.raises(InputError, match="does not name a folder of this machine; write file:///folder"):
        parse_connection(text, CSV)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mysql://u:pw-secret@h/d", "has the scheme 'mysql', which postgresql does not use; write postgresql://"),
        ("just words pw-secret", "has no scheme; write postgresql://"),
        ("pw-secret://x", "has no scheme; write postgresql://"),
        ("host=h password='pw-secret", "cannot be read as keyword=value pairs; put a value with spaces"),
        ("postgresql://u:p@h:pw-secret/d", "its port is not a number from 1 to 65535; percent-encode"),
        ("postgresql://u:pw-secret/x@h/d", "has an unexpected @; percent-encode / ? @"),
        ("postgresql://u:x@pw-secret@h/d", "has an unexpected @; percent-encode / ? @"),
        ("postgresql://u:pw-secret@[h/d", "has an invalid IPv6 address in brackets; write it like [::1]:port"),
        ("postgresql://u:pw-secret@[::1]5/d", "has an invalid IPv6 address in brackets"),
        ("postgresql://u:pw-secret@::1/d", "its host is not a valid name or address"),
        ("postgresql://h:99999/pw-secret", "its port is not a number from 1 to 65535"),
        ("postgresql://h:0/pw-secret", "its port is not a number from 1 to 65535"),
        ("postgresql://u:pw-secret@a b/d", "its host is not a valid name or address; write postgresql://"),
        (f"postgresql://u:pw-secret@{'a' * 64}.b/d", "its host is not a valid name or address"),
        ("postgresql://u:pw-secret@h/d\n", "has a line break or another control character in it"),
        ("postgresql://u:pw-secret%00@h/d", "has a NUL character (%00) in it"),
        ("postgresql://u:pw-secret\udcff@h/d", "is not valid UTF-8 text"),
    ],
)
def test_invalid_string_is_refused_and_not_repeated(text, said):
    with pytest.raises(InputError) as refused:
        parse_connection(text, POSTGRESQL, "KEY")
    assert str(refused.value).startswith(f"KEY: {said}")
    assert "pw-secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("source", [MYSQL, MONGODB, KAFKA])
def test_string_without_host_is_refused(source):
    with pytest.raises(InputError, match=rf"KEY: names no host; write {source.name}://user:password@host"):
        parse_connection(f"{source.name}:///d", source, "KEY")


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("postgresql://u:top-secret@h/d", POSTGRESQL),
        ("postgresql://u:%74op-secret@h/d", POSTGRESQL),
        ("postgresql://u@h/d?password=top-secret", POSTGRESQL),
        ("postgresql://h/d?sslpassword=top-secret", POSTGRESQL),
        ("host=h password = 'top-secret' dbname=d", POSTGRESQL),
        ("mongodb://h/d?tlsCertificateKeyFilePassword=top-secret", MONGODB),
        ("mongodb://h/d?authMechanismProperties=AWS_SESSION_TOKEN:top-secret", MONGODB),
        ("kafka://h?sasl.oauthbearer.client.secret=top-secret", KAFKA),
        ("kafka://h?ssl.key.password=top-secret", KAFKA),
    ],
)
def test_secrets_are_removed_from_messages(text, source):
    at = parse_connection(text, source)
    assert at.has_secret
    assert "top-secret" not in at.redacted("the driver printed top-secret and %74op-secret and top%2Dsecret") + str(at)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("postgresql://u@h/d?passfile=/x&sslkey=/y", POSTGRESQL),
        ("mysql://u@h/d?ssl-key=/x", MYSQL),
        ("kafka://h?ssl.key.location=/x&sasl.oauthbearer.token.endpoint.url=https://x", KAFKA),
    ],
)
def test_file_options_are_not_secrets(text, source):
    assert not parse_connection(text, source).has_secret
