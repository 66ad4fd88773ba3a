"""The options of connection strings that each driver reads, with the values of those that have a few.

Drivers have such lists themselves, but `plan` runs without drivers. Tests compare these lists with the drivers' own.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """The accepted values of an option: any text, one of a few, or a number."""

    values: tuple[str, ...] = ()
    any_case: bool = False
    """Whether the values may be written in any case."""
    is_number: bool = False
    repeats: bool = False
    """Whether the string may have it more than once."""


Options = Mapping[str, Option]

_TEXT, _NUMBER, _FLAG = Option(), Option(is_number=True), Option(("true", "false"))


def _one_of(*values: str) -> Option:
    return Option(values)


def _any_case(*values: str) -> Option:
    return Option(values, any_case=True)


def _each(option: Option, names: str) -> Options:
    return dict.fromkeys(names.split(), option)


MYSQL_OPTIONS: Options = {
    "ssl-mode": _any_case("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"),
    **_each(_TEXT, "ssl-ca ssl-cert ssl-key socket"),
}

# https://www.postgresql.org/docs/18/libpq-connect.html; a later value replaces an earlier one.
LIBPQ_OPTIONS: Options = {
    name: Option(option.values, is_number=option.is_number, repeats=True)
    for name, option in {
        "sslmode": _one_of("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
        "ssl": _one_of("true"),
        "sslnegotiation": _one_of("postgres", "direct"),
        "sslcertmode": _one_of("disable", "allow", "require"),
        "channel_binding": _one_of("disable", "prefer", "require"),
        "gssencmode": _one_of("disable", "prefer", "require"),
        "load_balance_hosts": _one_of("disable", "random"),
        "target_session_attrs": _one_of("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
        **_each(_NUMBER, "connect_timeout keepalives keepalives_idle keepalives_interval keepalives_count tcp_user_timeout"),
        **_each(
            _TEXT,
            "service user password passfile dbname host hostaddr port client_encoding options application_name "
            "fallback_application_name sslcompression sslcert sslkey sslpassword sslrootcert sslcrl sslcrldir sslsni "
            "sslkeylogfile requirepeer require_auth min_protocol_version max_protocol_version ssl_min_protocol_version "
            "ssl_max_protocol_version krbsrvname gsslib gssdelegation replication scram_client_key scram_server_key "
            "oauth_issuer oauth_client_id oauth_client_secret oauth_scope",
        ),
    }.items()
}  # fmt: skip

# https://www.mongodb.com/docs/manual/reference/connection-string-options/, as far as PyMongo has them.
MONGODB_OPTIONS: Options = {
    "authMechanism": _one_of(
        "DEFAULT", "GSSAPI", "MONGODB-AWS", "MONGODB-OIDC", "MONGODB-X509", "PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"
    ),
    "readPreference": _one_of("primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest"),
    "readPreferenceTags": Option(repeats=True),
    "serverMonitoringMode": _one_of("auto", "poll", "stream"),
    **_each(
        _FLAG,
        "directConnection enableOverloadRetargeting fsync journal loadBalanced retryReads retryWrites ssl tls "
        "tlsAllowInvalidCertificates tlsAllowInvalidHostnames tlsDisableOCSPEndpointCheck tlsInsecure",
    ),
    **_each(
        _NUMBER,
        "connectTimeoutMS heartbeatFrequencyMS localThresholdMS maxAdaptiveRetries maxConnecting maxIdleTimeMS maxPoolSize "
        "maxStalenessSeconds minPoolSize serverSelectionTimeoutMS socketTimeoutMS srvMaxHosts timeoutMS waitQueueMultiple "
        "waitQueueTimeoutMS wTimeoutMS zlibCompressionLevel",
    ),
    **_each(
        _TEXT,
        "appName authMechanismProperties authSource compressors readConcernLevel replicaSet srvAllowedHostsSuffix "
        "srvServiceName tlsCAFile tlsCertificateKeyFile tlsCertificateKeyFilePassword tlsCRLFile uuidRepresentation w",
    ),
}  # fmt: skip

# https://neo4j.com/docs/operations-manual/current/clustering/clustering-advanced/multi-data-center-routing/: servers read
# this one of a routing context and ignore others.
NEO4J_OPTIONS: Options = {"policy": _TEXT}

# https://docs.confluent.io/platform/current/clients/librdkafka/html/md_CONFIGURATION.html: how to reach a broker, not how to
# load.
KAFKA_OPTIONS: Options = {
    "security.protocol": _any_case("plaintext", "ssl", "sasl_plaintext", "sasl_ssl"),
    **_each(_one_of("GSSAPI", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"), "sasl.mechanism sasl.mechanisms"),
    "sasl.oauthbearer.method": _any_case("default", "oidc"),
    "sasl.oauthbearer.grant.type": _any_case("client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
    "sasl.oauthbearer.assertion.algorithm": _any_case("RS256", "ES256"),
    "sasl.oauthbearer.metadata.authentication.type": _any_case("none", "azure_imds", "aws_iam"),
    "ssl.endpoint.identification.algorithm": _any_case("none", "https"),
    "broker.address.family": _any_case("any", "v4", "v6"),
    "client.dns.lookup": _any_case("use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"),
    **_each(
        _any_case("true", "false"),
        "allow.auto.create.topics api.version.request enable.sasl.oauthbearer.unsecure.jwt "
        "enable.ssl.certificate.verification sasl.oauthbearer.assertion.claim.jti.include socket.keepalive.enable "
        "socket.nagle.disable",
    ),
    **_each(
        _NUMBER,
        "api.version.fallback.ms api.version.request.timeout.ms broker.address.ttl connections.max.idle.ms "
        "metadata.max.age.ms reconnect.backoff.jitter.ms reconnect.backoff.max.ms reconnect.backoff.ms "
        "retry.backoff.max.ms retry.backoff.ms sasl.kerberos.min.time.before.relogin "
        "sasl.oauthbearer.assertion.claim.exp.seconds sasl.oauthbearer.assertion.claim.nbf.seconds "
        "socket.blocking.max.ms socket.connection.setup.timeout.ms socket.max.fails socket.receive.buffer.bytes "
        "socket.send.buffer.bytes socket.timeout.ms",
    ),
    **_each(
        _TEXT,
        "broker.version.fallback client.id client.rack https.ca.location https.ca.pem sasl.kerberos.keytab "
        "sasl.kerberos.kinit.cmd sasl.kerberos.principal sasl.kerberos.service.name "
        "sasl.oauthbearer.assertion.claim.aud sasl.oauthbearer.assertion.claim.iss sasl.oauthbearer.assertion.claim.sub "
        "sasl.oauthbearer.assertion.file sasl.oauthbearer.assertion.jwt.template.file "
        "sasl.oauthbearer.assertion.private.key.file sasl.oauthbearer.assertion.private.key.passphrase "
        "sasl.oauthbearer.assertion.private.key.pem sasl.oauthbearer.client.credentials.client.id "
        "sasl.oauthbearer.client.credentials.client.secret sasl.oauthbearer.client.id sasl.oauthbearer.client.secret "
        "sasl.oauthbearer.config sasl.oauthbearer.extensions sasl.oauthbearer.scope sasl.oauthbearer.sub.claim.name "
        "sasl.oauthbearer.token.endpoint.url sasl.password sasl.username ssl.ca.certificate.stores ssl.ca.location "
        "ssl.ca.pem ssl.certificate.location ssl.certificate.pem ssl.cipher.suites ssl.crl.location ssl.curves.list "
        "ssl.engine.id ssl.engine.location ssl.key.location ssl.key.password ssl.key.pem ssl.keystore.location "
        "ssl.keystore.password ssl.providers ssl.sigalgs.list",
    ),
}  # fmt: skip
