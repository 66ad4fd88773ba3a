"""Connection strings of the drivers' documentation: the driver's reading of each, and its redacted text."""

from typing import Any, NamedTuple

import pytest
from psycopg.conninfo import conninfo_to_dict
from pymongo import MongoClient
from pymongo.uri_parser import parse_uri

from core.connection import Connection, parse_connection
from core.errors import InputError
from core.stores import KAFKA, MONGODB, MYSQL, NEO4J, POSTGRESQL, SOURCES
from worker.sources import open_source
from worker.sources.kafka import connection as kafka_connection
from worker.sources.kafka.errors import ClientErrors
from worker.sources.mongodb import connection as mongodb_connection
from worker.sources.mysql import connection as mysql_connection
from worker.sources.neo4j import connection as neo4j_connection


class Form(NamedTuple):
    """A connection string, its redacted text, and the parameters that the driver reads."""

    text: str
    shown: str
    given: dict[str, Any]


# https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNSTRING
LIBPQ = [
    Form("host=localhost port=5432 dbname=mydb connect_timeout=10", "postgresql://localhost:5432/mydb",
         {"host": "localhost", "port": "5432", "dbname": "mydb", "connect_timeout": "10"}),
    Form("host=/run/x dbname = 'a b' user=u password='it\\'s a \\\\'", "postgresql://%2Frun%2Fx/a%20b",
         {"host": "/run/x", "dbname": "a b", "user": "u", "password": "it's a \\"}),
    Form("service=mine", "postgresql://", {"service": "mine"}),
    Form("postgresql://", "postgresql://", {}),
    Form("postgresql://localhost", "postgresql://localhost:5432", {"host": "localhost"}),
    Form("postgresql://localhost:5433", "postgresql://localhost:5433", {"host": "localhost", "port": "5433"}),
    Form("postgresql://localhost/mydb", "postgresql://localhost:5432/mydb", {"host": "localhost", "dbname": "mydb"}),
    Form("postgresql://user@localhost", "postgresql://localhost:5432", {"host": "localhost", "user": "user"}),
    Form("postgresql://user:s%20e%2Fc@localhost", "postgresql://localhost:5432",
         {"host": "localhost", "user": "user", "password": "s e/c"}),
    Form("postgresql://u:a?b#c+d@h/d", "postgresql://h:5432/d",
         {"host": "h", "user": "u", "password": "a?b#c+d", "dbname": "d"}),
    Form("postgresql://other@localhost/otherdb?connect_timeout=10&application_name=my%20app+x",
         "postgresql://localhost:5432/otherdb",
         {"host": "localhost", "user": "other", "dbname": "otherdb", "connect_timeout": "10", "application_name": "my app+x"}),
    Form("postgresql://host1:123,host2:456/somedb?target_session_attrs=any", "postgresql://host1:123,host2:456/somedb",
         {"host": "host1,host2", "port": "123,456", "dbname": "somedb", "target_session_attrs": "any"}),
    Form("postgresql://a,b:2/d", "postgresql://a:5432,b:2/d", {"host": "a,b", "port": ",2", "dbname": "d"}),
    Form("postgresql:///mydb?host=localhost&port=5433", "postgresql://localhost:5433/mydb",
         {"host": "localhost", "port": "5433", "dbname": "mydb"}),
    Form("postgresql://[2001:db8::1234]/database", "postgresql://[2001:db8::1234]:5432/database",
         {"host": "2001:db8::1234", "dbname": "database"}),
    Form("postgres://[::1]:5433/d", "postgres://[::1]:5433/d", {"host": "::1", "port": "5433", "dbname": "d"}),
    Form("postgresql:///dbname?host=/var/lib/postgresql", "postgresql://%2Fvar%2Flib%2Fpostgresql/dbname",
         {"host": "/var/lib/postgresql", "dbname": "dbname"}),
    Form("postgresql://%2Fvar%2Flib%2Fpostgresql/dbname", "postgresql://%2Fvar%2Flib%2Fpostgresql/dbname",
         {"host": "/var/lib/postgresql", "dbname": "dbname"}),
    Form("postgresql://h/d?sslmode=verify-full&sslrootcert=system&sslcert=/c&sslkey=/k&sslpassword=xx",
         "postgresql://h:5432/d",
         {"host": "h", "dbname": "d", "sslmode": "verify-full", "sslrootcert": "system", "sslcert": "/c", "sslkey": "/k",
          "sslpassword": "xx"}),
]  # fmt: skip

# https://www.mongodb.com/docs/manual/reference/connection-string/
PYMONGO = [
    Form("mongodb://mongodb0.example.com:27017/d", "mongodb://mongodb0.example.com:27017/d",
         {"nodelist": [("mongodb0.example.com", 27017)], "database": "d"}),
    Form("mongodb://myUser:D1fficultP%40ssw0rd@a.example.com/d?authSource=admin", "mongodb://a.example.com:27017/d",
         {"nodelist": [("a.example.com", 27017)], "username": "myUser", "password": "D1fficultP@ssw0rd"}),
    Form("mongodb://a:1,b,c:3/d?replicaSet=myRepl", "mongodb://a:1,b:27017,c:3/d",
         {"nodelist": [("a", 1), ("b", 27017), ("c", 3)], "options": {"replicaSet": "myRepl"}}),
    Form("mongodb://%2Ftmp%2Fmongodb-27017.sock/d", "mongodb://%2Ftmp%2Fmongodb-27017.sock/d",
         {"nodelist": [("/tmp/mongodb-27017.sock", None)]}),
    Form("mongodb://[::1]/d", "mongodb://[::1]:27017/d", {"nodelist": [("::1", 27017)]}),
    Form("mongodb://[2001:db8::1]:7/d?tls=true", "mongodb://[2001:db8::1]:7/d", {"nodelist": [("2001:db8::1", 7)]}),
    Form("mongodb://u:a+b%2Bc@h/d", "mongodb://h:27017/d", {"password": "a b+c", "username": "u"}),
    Form("mongodb://u@h/d?authMechanism=MONGODB-X509;tls=true;w=1", "mongodb://h:27017/d",
         {"username": "u", "options": {"authMechanism": "MONGODB-X509", "tls": True, "w": 1}}),
]  # fmt: skip

# https://neo4j.com/docs/python-manual/current/connect-advanced/
NEO4J_FORMS = [
    *(Form(f"{scheme}://neo4j:a%2Fb@h.example/db", f"{scheme}://h.example:7687/db",
           {"uri": f"{scheme}://h.example:7687", "auth": ("neo4j", "a/b")})
      for scheme in ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")),
    Form("bolt://[::1]:7688", "bolt://[::1]:7688", {"uri": "bolt://[::1]:7688", "auth": None}),
    Form("neo4j://h?policy=my%20policy", "neo4j://h:7687", {"uri": "neo4j://h:7687?policy=my%20policy", "auth": None}),
]  # fmt: skip

# https://docs.confluent.io/platform/current/clients/librdkafka/html/md_CONFIGURATION.html
KAFKA_FORMS = [
    Form("kafka://a,b:9093,[::1]:1", "kafka://a:9092,b:9093,[::1]:1", {"bootstrap.servers": "a:9092,b:9093,[::1]:1"}),
    Form("kafka://u:a+b%25@h", "kafka://h:9092",
         {"security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN", "sasl.username": "u", "sasl.password": "a+b%"}),
    Form("kafka://u:p@h?security.protocol=SASL_SSL&sasl.mechanisms=SCRAM-SHA-512", "kafka://h:9092",
         {"security.protocol": "SASL_SSL", "sasl.mechanisms": "SCRAM-SHA-512", "sasl.username": "u", "sasl.password": "p"}),
    Form("kafka://h/?security.protocol=sasl_plaintext&sasl.mechanism=OAUTHBEARER&sasl.oauthbearer.method=oidc"
         "&sasl.oauthbearer.client.id=i&sasl.oauthbearer.client.secret=a%26b"
         "&sasl.oauthbearer.token.endpoint.url=http%3A%2F%2F127.0.0.1%3A1%2Ftoken", "kafka://h:9092",
         {"sasl.oauthbearer.client.secret": "a&b", "sasl.oauthbearer.token.endpoint.url": "http://127.0.0.1:1/token"}),
    Form("kafka://h?security.protocol=sasl_plaintext&sasl.mechanism=OAUTHBEARER&sasl.oauthbearer.config=principal=me"
         "&enable.sasl.oauthbearer.unsecure.jwt=true", "kafka://h:9092", {"sasl.oauthbearer.config": "principal=me"}),
]  # fmt: skip

# https://dev.mysql.com/doc/refman/9.7/en/connecting-using-uri-or-key-value-pairs.html
MYSQL_FORMS = [
    Form("mysql://u:a+b%2F@h/d", "mysql://h:3306/d",
         {"host": "h", "port": 3306, "user": "u", "password": b"a+b/", "database": "d"}),
    Form("mysql://u:%C3%BC%E2%82%AC@[::1]:3307/d?ssl-mode=disabled", "mysql://[::1]:3307/d",
         {"host": "::1", "port": 3307, "password": "ü€".encode(), "ssl_disabled": True}),
    Form("mysql://u@/d?socket=/run/mysqld/mysqld.sock", "mysql:///d", {"unix_socket": "/run/mysqld/mysqld.sock"}),
    Form("mysql://u@%2Frun%2Fmysqld.sock/d", "mysql://%2Frun%2Fmysqld.sock/d", {"unix_socket": "/run/mysqld.sock"}),
]  # fmt: skip


@pytest.mark.parametrize("form", LIBPQ, ids=lambda form: form.text)
def test_libpq_reads_string_unchanged(form: Form) -> None:
    at = parse_connection(form.text, POSTGRESQL)
    assert str(at) == form.shown
    assert at.text == form.text
    assert conninfo_to_dict(at.text) == form.given
    assert (at.database or None) == form.given.get("dbname")
    assert at.password == form.given.get("password")
    open_source(POSTGRESQL, at)


@pytest.mark.parametrize("form", PYMONGO, ids=lambda form: form.text)
def test_pymongo_reads_string_unchanged(form: Form) -> None:
    at = parse_connection(form.text, MONGODB)
    assert str(at) == form.shown
    read = parse_uri(at.text)
    assert {name: read[name] for name in form.given} == form.given
    assert (at.user, at.password or "", at.database) == (read["username"], read["password"] or "", read["database"])
    with mongodb_connection.open_client(at, {**mongodb_connection.arguments(at), "connect": False}) as client:
        assert client.get_default_database().name == "d"


def test_pymongo_reads_srv_string_unchanged() -> None:
    at = parse_connection("mongodb+srv://u:p%40@cluster0.example.mongodb.net/d?retryWrites=true&w=majority", MONGODB)
    assert str(at) == "mongodb+srv://cluster0.example.mongodb.net/d"
    given = mongodb_connection.arguments(at)
    # Options in the string have precedence.
    assert "retryWrites" not in given
    assert "serverSelectionTimeoutMS" in given
    with MongoClient[dict[str, Any]](at.text, connect=False, **given) as client:
        assert client.get_default_database().name == "d"


@pytest.mark.parametrize("form", NEO4J_FORMS, ids=lambda form: form.text)
def test_neo4j_driver_gets_uri_and_login(form: Form) -> None:
    at = parse_connection(form.text, NEO4J)
    assert str(at) == form.shown
    assert neo4j_connection.arguments(at) == form.given


def test_neo4j_resolver_returns_all_hosts() -> None:
    at = parse_connection("neo4j+s://neo4j:p@a,[::1]:7688,c:3/db", NEO4J)
    assert str(at) == "neo4j+s://a:7687,[::1]:7688,c:3/db"
    given = neo4j_connection.arguments(at)
    assert given["uri"] == "neo4j+s://a:7687"
    resolve = given["resolver"]
    assert [tuple(address)[:2] for address in resolve(("a", 7687))] == [("a", 7687), ("::1", 7688), ("c", 3)]
    assert resolve(("told.by.server", 7687)) == [("told.by.server", 7687)]


@pytest.mark.parametrize("form", KAFKA_FORMS, ids=lambda form: form.text)
def test_librdkafka_gets_properties(form: Form) -> None:
    at = parse_connection(form.text, KAFKA)
    assert str(at) == form.shown
    given = kafka_connection.configuration(at, ClientErrors(at))
    assert {name: given[name] for name in form.given} == form.given


@pytest.mark.parametrize("form", MYSQL_FORMS, ids=lambda form: form.text)
def test_pymysql_gets_arguments(form: Form) -> None:
    at = parse_connection(form.text, MYSQL)
    assert str(at) == form.shown
    given = mysql_connection.arguments(at)
    assert {name: given[name] for name in form.given} == form.given
    assert ("unix_socket" in given) != ("host" in given)


REFUSED = [
    ("postgresql", "postgresql://h/d?sslmod=require", "option: 'sslmod' is not known; did you mean sslmode?"),
    (
        "postgresql",
        "postgresql://u:p%zz@h/d",
        "invalid percent-encoded token; write it as in libpq's documentation",
    ),
    ("postgresql", "host=h dbnam=d", "one of the keywords is not known; did you mean dbname?"),
    ("mongodb", "mongodb://u:p%zz@h/d", "Username and password must be escaped"),
    ("mongodb", "mongodb+srv://h.example.com:27017/d", "mongodb+srv:// URIs must not include a port number"),
    ("mongodb", "mongodb+srv://a.example.com,b.example.com/d", "must include one, and only one, hostname"),
    (
        "mongodb",
        "mongodb://h/d?tls=true&tlsCAFile=/absent.pem",
        "/absent.pem cannot be read (No such file or directory)",
    ),
    ("mongodb", "mongodb://h", "names no database; write mongodb://"),
    ("neo4j", "bolt://h?policy=x", "Routing context (providing URI query parameters) is not supported"),
    ("neo4j", "bolt://a,b/d", "names several hosts with bolt://; write neo4j:// for a cluster"),
    ("neo4j", "bolt://%2Frun%2Fx/d", "names a Unix socket, which Neo4j does not support; name a host"),
    ("kafka", "kafka://h?acks=0", "option: 'acks' is not known; see the options of kafka in docs/sources.md"),
    (
        "kafka",
        "kafka://h?security.protocl=ssl",
        "option: 'security.protocl' is not known; did you mean security.protocol?",
    ),
    (
        "kafka",
        "kafka://h?security.protocol=tls",
        "security.protocol: 'tls' is not a valid value; use one of plaintext, ssl",
    ),
    ("kafka", "kafka://h?security.protocol=ssl&ssl.ca.location=/absent.pem", "ssl.ca.location failed"),
    (
        "kafka",
        "kafka://u:p@h?sasl.password=q",
        "sets sasl.password twice, before the @ and as an option; write it once",
    ),
    ("kafka", "kafka://h/d", "names a database, but Kafka has none"),
    ("mysql", "mysql://a,b/d", "names several hosts, but the driver connects to only one; name one server"),
    (
        "mysql",
        "mysql://h/d?ssl-mode=REQUIRED&ssl-cert=/absent.pem",
        "ssl-cert: '/absent.pem' cannot be read with its key",
    ),
    ("mysql", "mysql://h/d?ssl-cert=/absent.pem", "ssl-cert: '/absent.pem' has no effect with ssl-mode PREFERRED"),
    (
        "mysql",
        "mysql://h/d?ssl-mode=VERIFY_CA&ssl-ca=/absent.pem",
        "ssl-ca: '/absent.pem' cannot be read as certificates",
    ),
    ("mysql", "mysql://h/d?ssl-key=/absent.pem&ssl-mode=REQUIRED", "ssl-key: '/absent.pem' has no certificate"),
]


@pytest.mark.parametrize(("source", "text", "said"), REFUSED)
def test_form_that_every_driver_rejects_is_refused(source: str, text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        open_source(SOURCES[source], parse_connection(text, SOURCES[source], "KEY"))
    line = str(refused.value)
    assert line.startswith("KEY: ")
    assert said in line
    assert "; " in line
    assert "\n" not in line


def test_one_host_and_several_hosts_are_shown_in_same_form() -> None:
    at: Connection = parse_connection("kafka://a,b", KAFKA)
    assert (at.host, at.port, str(at)) == ("a", 9092, "kafka://a:9092,b:9092")
