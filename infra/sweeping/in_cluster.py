"""Namespaces of stacks, and in namespaces that were there before, the objects that carry a stack's label."""

import time
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from kubernetes.client.exceptions import ApiException

from infra.fleet.kubernetes.connection import Cluster, is_missing, named
from infra.stack_file import stack_values
from infra.sweeping.remains import Remains
from spec.cluster_access import ClusterAccess
from spec.errors import LoadtestError, RunError
from spec.labels import STACK_LABEL, stack_label
from spec.stack_file import stacks_of

_GONE_SECONDS = 180
"""A server's grace, the ends of its namespace's other objects, and the time that the cluster takes to tell of it."""
_POLL_SECONDS = 0.2


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
PARTS = (
    _in_namespace("batch", "job"),
    _in_namespace("apps", "stateful_set"),
    _in_namespace("core", "pod"),
    _in_namespace("core", "service"),
    _in_namespace("networking", "network_policy"),
    _in_namespace("core", "config_map"),
    _in_namespace("core", "secret"),
    _in_namespace("core", "persistent_volume_claim"),
)
"""Of what is in a namespace, in the order in which it can go: what runs, then what it used."""


def remains(project: Path, stack: str | None) -> Sequence[Remains]:
    """What is in the clusters of the stacks that have a file, or of one stack; nothing where no cluster is to be had.

    Raises RunError or SettingsError where a cluster that a stack's file or $KUBECONFIG chose cannot be asked.
    """
    places: dict[ClusterAccess, set[str]] = {}
    for name in (stacks_of(project) if stack is None else [stack]) or [""]:
        places.setdefault(ClusterAccess.of_stack(project, name), set()).update(_named_namespace(project, name))
    selector = STACK_LABEL if stack is None else f"{STACK_LABEL}={stack_label(stack)}"
    found: dict[str, Remains] = {}
    for access, spaces in places.items():
        try:
            found.update(_found(access, selector, spaces))
        except LoadtestError:
            if access.is_chosen:
                raise
    return list(found.values())


def _named_namespace(project: Path, stack: str) -> set[str]:
    values = stack_values(project, stack) if stack in stacks_of(project) else {}
    return {str(values["namespace"])} if values.get("namespace") else set()


@named
def _found(access: ClusterAccess, selector: str, spaces: set[str]) -> Mapping[str, Remains]:
    """By uid. Whoever may not look everywhere sees what is in `spaces`, the namespaces that stacks name."""
    with Cluster(access) as cluster:
        try:
            whole = list(_listed(cluster, NAMESPACE, selector, None))
            looked_in: Sequence[str | None] = [None]
        except ApiException as error:
            if error.status != HTTPStatus.FORBIDDEN or not spaces:
                raise
            whole, looked_in = [], sorted(spaces)
        parts = [
            (kind, each) for kind in PARTS for space in looked_in for each in _listed(cluster, kind, selector, space)
        ]
    ours = {each["name"] for each in whole}
    # What is in a namespace of ours, or was made by another object, goes with it.
    parts = [(kind, each) for kind, each in parts if each["namespace"] not in ours and "ownerReferences" not in each]
    found = [*parts, *((NAMESPACE, each) for each in whole)]
    return {each["uid"]: _remnant(access, kind, each) for kind, each in found}


def _listed(cluster: Cluster, kind: Kind, selector: str, space: str | None) -> Iterator[dict[str, Any]]:
    """The metadata of all objects of a kind in a namespace, or with None in all of them."""
    noun, where = (kind.everywhere, ()) if space is None else (kind.noun, (space,))
    answer = cluster.read(getattr(getattr(cluster, kind.api), f"list_{noun}"), *where, label_selector=selector)
    return (each["metadata"] for each in answer["items"])


def _remnant(access: ClusterAccess, kind: Kind, metadata: Mapping[str, Any]) -> Remains:
    where = [metadata["name"], *([metadata["namespace"]] if "namespace" in metadata else [])]
    shown = "/".join(reversed(where))

    @named
    def remove() -> None:
        with Cluster(access) as cluster:
            api = getattr(cluster, kind.api)
            try:
                cluster.read(getattr(api, f"delete_{kind.noun}"), *where, propagation_policy="Foreground")
                deadline = time.monotonic() + _GONE_SECONDS
                while _uid(cluster, getattr(api, f"read_{kind.noun}"), *where) == metadata["uid"]:
                    if time.monotonic() > deadline:
                        raise RunError(f"{kind} {shown}: was not gone after {_GONE_SECONDS} s; see what holds it")
                    time.sleep(_POLL_SECONDS)
            except ApiException as error:
                if not is_missing(error):
                    raise

    return Remains(str(kind), shown, metadata["labels"][STACK_LABEL], remove)


def _uid(cluster: Cluster, read: Any, *where: str) -> str:
    return str(cluster.read(read, *where)["metadata"]["uid"])
