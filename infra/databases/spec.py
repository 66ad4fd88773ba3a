"""Specification of a server that Loadtest creates, as plain data that every platform renders."""

from urllib.parse import quote

from pydantic import BaseModel, ConfigDict


class DatabaseSpec(BaseModel):
    """A server's image, start, size and health check.

    `secret_environment` and `connection` have the placeholder `{password}`, which is filled only in secrets.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: str
    arguments: tuple[str, ...]
    """The server's settings, each in the server's own spelling."""
    environment: dict[str, str]
    """Variables without secrets; `{host}` is the name by which the workers reach the server."""
    secret_environment: dict[str, str]
    """Variables with `{password}` in their values."""
    port: int
    data_directory: str
    health_command: tuple[str, ...]
    """A command that succeeds in the container once the server answers queries, with the password from the environment."""
    connection: str
    """The connection string, with `{password}`, `{host}` and `{port}`: see `connection_string`."""
    cpu: float
    memory: int
    tmpfs: int | None
    """Bytes of RAM disk for the data directory, which count against the memory; None for the container's disk."""
    user: int = 999
    """The user and group id of the image's server, for a platform on which it may not start as root."""
    tmpfs_options: str = ""
    """Mount options of the RAM disk in addition to its size."""

    def environment_at(self, host: str) -> dict[str, str]:
        """Return the environment of a server that the workers reach by this name."""
        return {name: text.replace("{host}", host) for name, text in self.environment.items()}

    def connection_string(self, password: str, host: str, port: int | None = None) -> str:
        """Return the connection string of a server at this place; the password may have any character."""
        return self.connection.format(password=quote(password, safe=""), host=host, port=port or self.port)

    def secrets(self, password: str) -> dict[str, str]:
        """Return the secret part of the environment."""
        return {name: text.format(password=password) for name, text in self.secret_environment.items()}
