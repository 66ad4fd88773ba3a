"""What a server of ours is, as plain data: every platform renders the same one."""

from urllib.parse import quote

from pydantic import BaseModel, ConfigDict


class DatabaseSpec(BaseModel):
    """A server's image, how it is started and sized, and how to see that it answers queries.

    `secret_environment` and `connection` hold the placeholder `{password}`, which is filled where it is a secret.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: str
    arguments: tuple[str, ...]
    """The server's settings, each in the server's own spelling."""
    environment: dict[str, str]
    """Without secrets; `{host}` stands for the name by which the workers reach the server."""
    secret_environment: dict[str, str]
    """Name to text with `{password}` in it."""
    port: int
    data_directory: str
    health_command: tuple[str, ...]
    """Succeeds, inside the container, once the server answers queries; reads its password from the environment."""
    connection: str
    """The connection string, with `{password}`, `{host}` and `{port}` in it: see `connection_string`."""
    cpu: float
    memory: int
    tmpfs: int | None
    """Bytes of RAM disk for the data directory, which count against the memory; None for the container's disk."""
    user: int = 999
    """The number of the user and of the group that the image's server runs as, where it may not begin as root."""
    tmpfs_options: str = ""
    """What the RAM disk's mount needs beside its size."""

    def environment_at(self, host: str) -> dict[str, str]:
        """The environment of a server that is reached by this name."""
        return {name: text.replace("{host}", host) for name, text in self.environment.items()}

    def connection_string(self, password: str, host: str, port: int | None = None) -> str:
        """The connection string of a server that is reached there; the password may have any character."""
        return self.connection.format(password=quote(password, safe=""), host=host, port=port or self.port)

    def secrets(self, password: str) -> dict[str, str]:
        """The secret part of the environment."""
        return {name: text.format(password=password) for name, text in self.secret_environment.items()}
