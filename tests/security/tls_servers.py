"""Servers with TLS options in the connection string: how to configure their certificate, and the options to request TLS.

The tests configure them through local sockets, which work for any TLS setting of network connections.
"""

import time
from pathlib import Path
from typing import Protocol

from testkit.docker_command import docker
from testkit.serving import PASSWORD, Served

_FOLDER = "/var/tmp"
_CERTIFICATE, _KEY = f"{_FOLDER}/server.pem", f"{_FOLDER}/server.key"
_RELOAD_SECONDS = 20


class Tls(Protocol):
    """A kind of server with TLS."""

    source: str
    plain: str
    """The options that request a plain connection."""
    required: str
    """The options that require TLS, without verifying the server."""
    verified: str
    """The options that require a certificate of the authority in the file `{}` for the server's address."""
    another_authority: str
    another_address: str
    no_tls: str
    plain_refused: str
    """Texts in the errors: another authority, another address, a server without TLS, a plain connection."""

    def certify(self, served: Served, authority: Path, certificate: Path, key: Path) -> None:
        """Give the running server a certificate, and make it refuse plain connections."""
        ...

    def disable(self, served: Served) -> None:
        """Turn off TLS in the server."""
        ...


class PostgreSql:
    """PostgreSQL, configured by ALTER SYSTEM, its pg_hba file and a reload."""

    source = "postgresql"
    plain = "sslmode=disable"
    required = "sslmode=require"
    verified = "sslmode=verify-full&sslrootcert={}"
    another_authority = "certificate verify failed"
    another_address = "does not match host name"
    no_tls = "server does not support SSL"
    plain_refused = "no encryption"

    def certify(self, served: Served, authority: Path, certificate: Path, key: Path) -> None:
        _hand_over(served, "postgres", certificate, key)
        self._hosts(served, "host", "hostssl")
        self._set(served, ssl_cert_file=_CERTIFICATE, ssl_key_file=_KEY, ssl="on")

    def disable(self, served: Served) -> None:
        self._hosts(served, "hostssl", "host")
        self._set(served, ssl="off")

    def _hosts(self, served: Served, was: str, shall_be: str) -> None:
        file = self._query(served, "SHOW hba_file")
        docker("exec", served.container.name, "sed", "--in-place", f"s/^{was} /{shall_be} /", file)

    def _set(self, served: Served, **settings: str) -> None:
        for name, value in settings.items():
            self._query(served, f"ALTER SYSTEM SET {name} = '{value}'")
        before = self._query(served, "SELECT pg_conf_load_time()")
        self._query(served, "SELECT pg_reload_conf()")
        deadline = time.monotonic() + _RELOAD_SECONDS
        # Only a new connection shows when the server read its configuration.
        while self._query(served, "SELECT pg_conf_load_time()") == before:
            assert time.monotonic() < deadline, "the server did not read its configuration again"

    def _query(self, served: Served, statement: str) -> str:
        return served.container.output("psql", "-U", "loadtest", "-d", "loadtest", "-Atc", statement)


class MySql:
    """MySQL, configured by its variables and ALTER INSTANCE."""

    source = "mysql"
    plain = "ssl-mode=DISABLED"
    required = "ssl-mode=REQUIRED"
    verified = "ssl-mode=VERIFY_IDENTITY&ssl-ca={}"
    another_authority = "certificate verify failed"
    another_address = "IP address mismatch"
    no_tls = "server doesn't support it"
    plain_refused = "insecure transport are prohibited"

    def certify(self, served: Served, authority: Path, certificate: Path, key: Path) -> None:
        # The server checks that the authority has signed its certificate.
        _hand_over(served, "mysql", authority, certificate, key)
        files = {"ssl_ca": f"{_FOLDER}/{authority.name}", "ssl_cert": _CERTIFICATE, "ssl_key": _KEY}
        for name, value in files.items():
            self._query(served, f"SET GLOBAL {name} = '{value}'")
        self._query(served, "ALTER INSTANCE RELOAD TLS")
        self._query(served, "SET GLOBAL require_secure_transport = ON")

    def disable(self, served: Served) -> None:
        self._query(served, "SET GLOBAL require_secure_transport = OFF")
        # With an unreadable certificate, the reload turns TLS off instead of keeping the previous certificate.
        self._query(served, f"SET GLOBAL ssl_cert = '{_FOLDER}/absent.pem'")
        self._query(served, "ALTER INSTANCE RELOAD TLS NO ROLLBACK ON ERROR")

    def _query(self, served: Served, statement: str) -> str:
        login = {"MYSQL_PWD": PASSWORD}
        return served.container.output("mysql", "--user=root", f"--execute={statement}", environment=login)


SERVERS: tuple[Tls, ...] = (PostgreSql(), MySql())


def _hand_over(served: Served, owner: str, *files: Path) -> None:
    for file in files:
        docker("cp", str(file), f"{served.container.name}:{_FOLDER}/{file.name}")
        docker("exec", "--user=root", served.container.name, "chown", owner, f"{_FOLDER}/{file.name}")
