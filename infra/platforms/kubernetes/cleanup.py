"""Find orphaned namespaces, and orphaned objects in namespaces that already existed, by their labels."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from kubernetes.client.exceptions import ApiException

from core.errors import LoadtestError, RunError
from core.kubeconfig import ClusterAccess
from core.labels import INSTANCE_LABEL, STACK_LABEL, stack_label
from core.stack_file import stacks_of
from infra.ownership import OrphanedResource, Orphans
from infra.platforms.kubernetes.client import NAMESPACE, PARTS, Cluster, Kind, delete, metadata_of
from infra.settings.configuration import stack_values

_GONE_SECONDS = 180
"""How long a deletion may take: a server's grace period, and the deletion of everything in its namespace."""
_POLL_SECONDS = 0.2


def find_orphans(project: Path, stack: str | None, instances: Collection[str]) -> Orphans:
    """Search the clusters of one stack, or of all stacks that have a file, for objects with a stack's label.

    Raises RunError or SettingsError if a cluster named by a stack's file or $KUBECONFIG cannot be searched.
    """
    places: dict[ClusterAccess, set[str]] = {}
    for name in (stacks_of(project) if stack is None else [stack]) or [""]:
        places.setdefault(ClusterAccess.of_stack(project, name), set()).update(_namespace_setting(project, name))
    selector = STACK_LABEL if stack is None else f"{STACK_LABEL}={stack_label(stack)}"
    found: dict[str, OrphanedResource] = {}
    for access, spaces in places.items():
        try:
            found.update(_orphans_in(access, selector, spaces))
        except LoadtestError:
            if access.is_chosen:
                raise
    return Orphans.of(list(found.values()), instances)


def kept(_project: Path, _stack: str) -> Sequence[str]:
    """Return nothing: `destroy` removes everything."""
    return ()


def _namespace_setting(project: Path, stack: str) -> set[str]:
    values = stack_values(project, stack) if stack in stacks_of(project) else {}
    return {str(values["namespace"])} if values.get("namespace") else set()


def _orphans_in(access: ClusterAccess, selector: str, spaces: set[str]) -> Mapping[str, OrphanedResource]:
    """Return objects by uid. A user without access to the whole cluster finds those in `spaces`, the stacks' namespaces."""
    with Cluster(access) as cluster:
        try:
            whole = list(_listed(cluster, NAMESPACE, selector, None))
            searched: Sequence[str | None] = [None]
        except ApiException as error:
            if error.status != HTTPStatus.FORBIDDEN or not spaces:
                raise
            whole, searched = [], sorted(spaces)
        parts = [
            (kind, each) for kind in PARTS for space in searched for each in _listed(cluster, kind, selector, space)
        ]
    spaces_of = {(each["name"], _instance(each)) for each in whole}
    # Objects in their own stack's namespace, and those created by another object, are deleted with it.
    parts = [
        (kind, each)
        for kind, each in parts
        if (each["namespace"], _instance(each)) not in spaces_of and "ownerReferences" not in each
    ]
    found = [*parts, *((NAMESPACE, each) for each in whole)]
    return {each["uid"]: _orphan(access, kind, each) for kind, each in found}


def _listed(cluster: Cluster, kind: Kind, selector: str, space: str | None) -> Iterator[dict[str, Any]]:
    """Return the metadata of all objects of a kind in a namespace, or with None in all namespaces."""
    noun, where = (kind.everywhere, ()) if space is None else (kind.noun, (space,))
    answer = cluster.read(getattr(getattr(cluster, kind.api), f"list_{noun}"), *where, label_selector=selector)
    return (each["metadata"] for each in answer["items"])


def _orphan(access: ClusterAccess, kind: Kind, metadata: Mapping[str, Any]) -> OrphanedResource:
    where = [metadata["name"], *([metadata["namespace"]] if "namespace" in metadata else [])]
    shown = "/".join(reversed(where))

    def remove() -> None:
        with Cluster(access) as cluster:
            delete(cluster, kind, *where, uid=metadata["uid"])
            deadline = time.monotonic() + _GONE_SECONDS
            while (metadata_of(cluster, kind, *where) or {}).get("uid") == metadata["uid"]:
                if time.monotonic() > deadline:
                    raise RunError(f"{kind} {shown}: was not deleted within {_GONE_SECONDS} s; see its finalizers")
                time.sleep(_POLL_SECONDS)

    return OrphanedResource(str(kind), shown, metadata["labels"][STACK_LABEL], remove, _instance(metadata))


def _instance(metadata: Mapping[str, Any]) -> str:
    return str(metadata["labels"].get(INSTANCE_LABEL, ""))
