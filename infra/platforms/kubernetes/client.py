"""A connection to a cluster, by Kubernetes' own client: made as the Pulumi provider makes its own, errors in one line."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

import yaml
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from urllib3.exceptions import HTTPError

from core.errors import RunError, SettingsError
from core.kubeconfig import ClusterAccess
from core.labels import STACK_LABEL
from core.text import one_line

REQUEST_SECONDS = 30
_NOT_FOUND = 404
P = ParamSpec("P")
R = TypeVar("R")


def named(method: Callable[P, R]) -> Callable[P, R]:
    """Turn the client's errors into ours: they reach the user as one line."""

    @wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except (ApiException, HTTPError) as error:
            raise RunError(f"Kubernetes: {said_by(error)}") from error

    return call


def said_by(error: ApiException | HTTPError) -> str:
    """The API server's own words where it said something, on one line."""
    text = str(error)
    if isinstance(error, ApiException):
        body = _json(error.body)
        text = str(body.get("message") or f"{error.status} {error.reason}")
    return one_line(text, 400)


def is_missing(error: ApiException) -> bool:
    """Whether the API server knows no such object."""
    return bool(error.status == _NOT_FOUND)


class Cluster(AbstractContextManager["Cluster"]):
    """The parts of a cluster's API that are needed here. Objects are plain mappings, in the API's own spelling."""

    def __init__(self, access: ClusterAccess) -> None:
        """Raises SettingsError where the access names no cluster."""
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

    def close(self) -> None:
        """Give the connections back."""
        self.api.close()

    def read(self, method: Callable[..., Any], *args: Any, **options: Any) -> dict[str, Any]:
        """What a reading method answers, as the mapping that the API sent: the client's own types cost ten times more."""
        answer = method(*args, _preload_content=False, _request_timeout=REQUEST_SECONDS, **options)
        try:
            return _json(answer.data)
        finally:
            answer.release_conn()

    def require(self) -> None:
        """Raises SettingsError where no cluster answers."""
        try:
            self.read(client.VersionApi(self.api).get_code)
        except (ApiException, HTTPError) as error:
            raise SettingsError(
                f"loadtest:platform: kubernetes, and no cluster answers ({said_by(error)[:200]}); start it, set "
                "KUBECONFIG, or name another by `pulumi config set kubernetes:context NAME`"
            ) from None

    @named
    def require_namespace(self, name: str, key: str) -> None:
        """Raises SettingsError, which names `key`, where the namespace is not there, or will go with a stack."""
        found = _require(
            lambda: self.read(self.core.read_namespace, name), f"{key}: {name!r} is no namespace of the cluster"
        )
        owner = found["metadata"].get("labels", {}).get(STACK_LABEL)
        if owner is not None:
            raise SettingsError(
                f"{key}: {name!r} was made by stack {owner} and goes with it; create one of your own, and name that"
            )

    @named
    def require_claim(self, namespace: str, name: str, key: str) -> None:
        """Raises SettingsError, which names `key`, where the volume claim is not there."""
        _require(
            lambda: self.read(self.core.read_namespaced_persistent_volume_claim, name, namespace),
            f"{key}: {name!r} is no volume claim of namespace {namespace}",
        )


def _require(read: Callable[[], R], problem: str) -> R:
    try:
        return read()
    except ApiException as error:
        if is_missing(error):
            raise SettingsError(f"{problem}; create it, or name one that is there") from None
        raise


def _api_client(access: ClusterAccess) -> Any:
    load: Any = config
    try:
        return load.new_client_from_config(**access.options())
    except (ConfigException, yaml.YAMLError) as error:
        text = one_line(error, 300)
        raise SettingsError(
            f"kubernetes:kubeconfig: cannot be used ({text}); set KUBECONFIG to a file that is there, or "
            "`pulumi config set kubernetes:context NAME` to one of its contexts"
        ) from None


def _json(text: bytes | str | None) -> dict[str, Any]:
    try:
        content = json.loads(text or b"{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
