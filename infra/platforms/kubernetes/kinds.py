"""The kinds of objects that a stack creates, and how Kubernetes' own client names its methods for them."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from infra.platforms.kubernetes.client import Cluster, is_missing


class Kind(NamedTuple):
    """A kind of object: which of the client's APIs knows it, and by which nouns its methods name one and all of them."""

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
"""Of what is in a namespace, in the order in which it can go: what runs, then what it used."""


def metadata_of(cluster: Cluster, kind: Kind, *where: str) -> Mapping[str, Any] | None:
    """Return an object's metadata, by its name and for all but a namespace its namespace; None where it does not exist."""
    try:
        found = cluster.read(getattr(getattr(cluster, kind.api), f"read_{kind.noun}"), *where)
    except ApiException as error:
        if is_missing(error):
            return None
        raise
    metadata: Mapping[str, Any] = found["metadata"]
    return metadata


def delete(cluster: Cluster, kind: Kind, *where: str, uid: str) -> None:
    """Delete the object of this uid with what belongs to it, and never another one that took its name meanwhile.

    Returns before the object is gone, also where something else has begun to delete it.
    """
    remove = getattr(getattr(cluster, kind.api), f"delete_{kind.noun}")
    options = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid=uid), propagation_policy="Foreground")
    try:
        cluster.read(remove, *where, body=options)
    except ApiException as error:
        if error.status not in (HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND):
            raise
