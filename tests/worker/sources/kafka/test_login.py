"""A broker with logins: PLAIN and OAUTHBEARER work, and permanent refusals end at once."""

import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from core.connection import parse_connection
from core.errors import ServerError
from core.stores import KAFKA
from tests.worker.sources.kafka.brokers import serving_broker
from tests.worker.sources.loading import connected
from worker.retry import retry_until
from worker.sources import open_source

pytestmark = pytest.mark.docker

# The broker's properties file gives quotes, backslashes and some other characters a meaning.
PASSWORD = "a-Pass /?@:&+=~,%41 of the tests"
PATIENCE = 20.0
_SASL = "security.protocol=SASL_PLAINTEXT"
_TOKEN = "sasl.oauthbearer.config=principal%3Dme&enable.sasl.oauthbearer.unsecure.jwt=true"
_MODULES = "org.apache.kafka.common.security"
_LOGINS = {
    "KAFKA_SASL_ENABLED_MECHANISMS": "PLAIN,OAUTHBEARER",
    "KAFKA_LISTENER_NAME_SASL_PLAIN_SASL_JAAS_CONFIG": (
        f'{_MODULES}.plain.PlainLoginModule required user_me="{PASSWORD}";'
    ),
    "KAFKA_LISTENER_NAME_SASL_OAUTHBEARER_SASL_JAAS_CONFIG": (
        f'{_MODULES}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="me";'
    ),
    "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093,SASL://:9094",
    "KAFKA_ADVERTISED_LISTENERS": "PLAINTEXT://{host}:9092,SASL://{host}:9094",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT",
}


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with serving_broker(_LOGINS) as served:
        yield served.connection.host


@pytest.mark.parametrize(
    "form",
    [
        f"kafka://me:{quote(PASSWORD, safe='')}@{{}}:9094",
        f"kafka://{{}}:9094?{_SASL}&sasl.mechanism=PLAIN&sasl.username=me&sasl.password={quote(PASSWORD, safe='')}",
        f"kafka://{{}}:9094?{_SASL}&sasl.mechanism=OAUTHBEARER&{_TOKEN}",
        "kafka://{0}:1,{0}:9092",
    ],
)
def test_login_connects(host: str, form: str) -> None:
    with connected("kafka", parse_connection(form.format(host), KAFKA)) as source:
        assert source.settings()["acks"] == "all"


@pytest.mark.parametrize(
    ("form", "remedy"),
    [
        ("kafka://me:not-the-password@{}:9094", "check user and password"),
        ("kafka://me:not-the-password@{}:9094?sasl.mechanism=SCRAM-SHA-256", "mechanism"),
        ("kafka://{}:9092?security.protocol=SSL", "check security.protocol"),
    ],
)
def test_permanent_refusal_ends_at_once(host: str, form: str, remedy: str) -> None:
    source = open_source(KAFKA, parse_connection(form.format(host), KAFKA))
    started = time.monotonic()
    with pytest.raises(ServerError) as refused:
        retry_until(PATIENCE, source.connect)
    source.close()
    assert remedy in str(refused.value)
    assert "not-the-password" not in str(refused.value)
    assert time.monotonic() - started < PATIENCE / 2
