"""A connection to a cluster through Kubernetes' own client, and its errors as messages of one line."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from http import HTTPStatus
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import yaml
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from urllib3.exceptions import HTTPError

from core.errors import RunError, SettingsError
from core.kubeconfig import ClusterAccess
from core.labels import STACK_LABEL
from core.settings_key import setting_key
from core.text import one_line

REQUEST_SECONDS = 30
R = TypeVar("R")


@contextmanager
def wrap_kubernetes_errors() -> Iterator[None]:
    """Raise RunError, with a message of one line, in place of the client's errors."""
    try:
        yield
    except (ApiException, HTTPError) as error:
        raise RunError(f"Kubernetes: {message_of(error)}") from error


def message_of(error: ApiException | HTTPError) -> str:
    """Return the API server's message, if there is one, or the error's, in one line."""
    text = str(error)
    if isinstance(error, ApiException):
        body = _json(error.body)
        text = str(body.get("message") or f"{error.status} {error.reason}")
    return one_line(text, 400)


def is_missing(error: ApiException) -> bool:
    """Return whether the object does not exist."""
    return bool(error.status == HTTPStatus.NOT_FOUND)


class NoClusterError(SettingsError):
    """No cluster answers."""


class Cluster(AbstractContextManager["Cluster"]):
    """The used parts of a cluster's API. Objects are mappings with the keys of the API.

    A block `with Cluster(access) as cluster` raises RunError in place of the client's errors.
    """

    def __init__(self, access: ClusterAccess) -> None:
        """Raise SettingsError if the access is not valid."""
        self.api = _api_client(access)
        self.core: Any = client.CoreV1Api(self.api)
        self.batch: Any = client.BatchV1Api(self.api)
        self.apps: Any = client.AppsV1Api(self.api)
        self.networking: Any = client.NetworkingV1Api(self.api)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if isinstance(value, ApiException | HTTPError):
            with wrap_kubernetes_errors():
                raise value

    def close(self) -> None:
        """Close the connections."""
        self.api.close()

    def read(self, method: Callable[..., Any], *args: Any, **options: Any) -> dict[str, Any]:
        """Call a method of the API and return the decoded JSON: the client's own types take ten times as long."""
        answer = method(*args, _preload_content=False, _request_timeout=REQUEST_SECONDS, **options)
        try:
            return _json(answer.data)
        finally:
            answer.release_conn()

    def require(self) -> None:
        """Raise NoClusterError if the cluster does not answer."""
        try:
            self.read(client.VersionApi(self.api).get_code)
        except (ApiException, HTTPError) as error:
            raise NoClusterError(
                f"{setting_key('platform')}: kubernetes, and no cluster answers ({message_of(error)}); start it, set "
                "KUBECONFIG, or name another with `pulumi config set kubernetes:context NAME`"
            ) from None

    def require_namespace(self, name: str, key: str) -> None:
        """Raise SettingsError if the namespace of the setting `key` does not exist, or is deleted with a stack."""
        found = _require(
            lambda: self.read(self.core.read_namespace, name), f"{key}: {name!r} is not a namespace of the cluster"
        )
        owner = found["metadata"].get("labels", {}).get(STACK_LABEL)
        if owner is not None:
            raise SettingsError(
                f"{key}: {name!r} was created by stack {owner} and is deleted with it; create another namespace, and "
                "name that"
            )

    def require_claim(self, namespace: str, name: str, key: str) -> None:
        """Raise SettingsError if the volume claim of the setting `key` does not exist."""
        _require(
            lambda: self.read(self.core.read_namespaced_persistent_volume_claim, name, namespace),
            f"{key}: {name!r} is not a volume claim of namespace {namespace}",
        )


def require_cluster_of_environment(access: ClusterAccess) -> None:
    """Raise SettingsError if $KUBECONFIG is set and is another cluster than this one, of which a part is encrypted.

    `watch` and `cleanup` cannot decrypt the keys, and read $KUBECONFIG in their place.
    """
    environment = ClusterAccess()
    if environment.is_chosen and _server_of(access) != (other := _server_of(environment)):
        raise SettingsError(
            f"KUBECONFIG: {other!r} is not the cluster of the stack's encrypted kubernetes:kubeconfig or kubernetes:context; "
            "set KUBECONFIG to that cluster's file, which `watch` and `cleanup` read"
        )


def _server_of(access: ClusterAccess) -> str:
    with Cluster(access) as cluster:
        return str(cluster.api.configuration.host)


class Kind(NamedTuple):
    """A kind of object: its API in `Cluster`, and the nouns in the client's method names for one and for all objects."""

    api: str
    noun: str
    everywhere: str

    def __str__(self) -> str:
        return self.noun.removeprefix("namespaced_").replace("_", " ")


def _in_namespace(api: str, noun: str) -> Kind:
    return Kind(api, f"namespaced_{noun}", f"{noun}_for_all_namespaces")


NAMESPACE = Kind("core", "namespace", "namespace")
JOB = _in_namespace("batch", "job")
STATEFUL_SET = _in_namespace("apps", "stateful_set")
POD = _in_namespace("core", "pod")
SERVICE = _in_namespace("core", "service")
NETWORK_POLICY = _in_namespace("networking", "network_policy")
CONFIG_MAP = _in_namespace("core", "config_map")
SECRET = _in_namespace("core", "secret")
CLAIM = _in_namespace("core", "persistent_volume_claim")
PARTS = (JOB, STATEFUL_SET, POD, SERVICE, NETWORK_POLICY, CONFIG_MAP, SECRET, CLAIM)
"""The kinds of objects in a namespace, in an order in which they can be deleted."""


def metadata_of(cluster: Cluster, kind: Kind, *where: str) -> Mapping[str, Any] | None:
    """Return an object's metadata, or None if it does not exist; `where` is its name and, if it has one, its namespace."""
    try:
        found = cluster.read(getattr(getattr(cluster, kind.api), f"read_{kind.noun}"), *where)
    except ApiException as error:
        if is_missing(error):
            return None
        raise
    metadata: Mapping[str, Any] = found["metadata"]
    return metadata


def delete(cluster: Cluster, kind: Kind, *where: str, uid: str) -> None:
    """Start to delete the object of this uid with its dependents, and never another object of the same name."""
    remove = getattr(getattr(cluster, kind.api), f"delete_{kind.noun}")
    options = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid=uid), propagation_policy="Foreground")
    try:
        cluster.read(remove, *where, body=options)
    except ApiException as error:
        if error.status not in (HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND):
            raise


def _require(read: Callable[[], R], problem: str) -> R:
    try:
        return read()
    except ApiException as error:
        if is_missing(error):
            raise SettingsError(f"{problem}; create it, or name an existing one") from None
        raise


def _api_client(access: ClusterAccess) -> Any:
    load: Any = config
    try:
        return load.new_client_from_config(**access.options())
    except (ConfigException, yaml.YAMLError) as error:
        raise SettingsError(
            f"kubernetes:kubeconfig: cannot be used ({one_line(error, 300)}); set KUBECONFIG to an existing file, or "
            "`pulumi config set kubernetes:context NAME` to one of its contexts"
        ) from None


def _json(text: bytes | str | None) -> dict[str, Any]:
    try:
        content = json.loads(text or b"{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
