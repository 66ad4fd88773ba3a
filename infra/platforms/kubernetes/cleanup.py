"""Namespaces of stacks, and in namespaces that were there before, the objects that carry a stack's label."""

import time
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from kubernetes.client.exceptions import ApiException

from core.errors import LoadtestError, RunError
from core.kubeconfig import ClusterAccess
from core.labels import INSTANCE_LABEL, STACK_LABEL, stack_label
from core.stack_file import stacks_of
from infra.platforms.kubernetes.client import Cluster, named
from infra.platforms.kubernetes.kinds import NAMESPACE, PARTS, Kind, delete, metadata_of
from infra.platforms.orphan import Remains
from infra.settings.stack_file import stack_values

_GONE_SECONDS = 180
"""A server's grace, the ends of its namespace's other objects, and the time that the cluster takes to tell of it."""
_POLL_SECONDS = 0.2


def remains(project: Path, stack: str | None) -> Sequence[Remains]:
    """Return what carries the label of a stack, of whichever checkout; nothing where no cluster is to be had.

    Looked at are the clusters of the stacks that have a file, or of one stack.
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
    spaces_of = {(each["name"], _instance(each)) for each in whole}
    # What is in its own stack's namespace, or was made by another object, goes with it.
    parts = [
        (kind, each)
        for kind, each in parts
        if (each["namespace"], _instance(each)) not in spaces_of and "ownerReferences" not in each
    ]
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
            delete(cluster, kind, *where, uid=metadata["uid"])
            deadline = time.monotonic() + _GONE_SECONDS
            while (metadata_of(cluster, kind, *where) or {}).get("uid") == metadata["uid"]:
                if time.monotonic() > deadline:
                    raise RunError(f"{kind} {shown}: was not gone after {_GONE_SECONDS} s; see what holds it")
                time.sleep(_POLL_SECONDS)

    return Remains(str(kind), shown, metadata["labels"][STACK_LABEL], remove, _instance(metadata))


def _instance(metadata: Mapping[str, Any]) -> str:
    return str(metadata["labels"].get(INSTANCE_LABEL, ""))
