"""Checks before `up` and before `destroy`: settings, the cluster, and the owners of the objects with the stack's names."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from core.errors import LoadtestError, RunError, SettingsError
from core.kubeconfig import ClusterAccess
from core.labels import DATABASE_ROLE
from core.settings_key import setting_key
from infra.ownership import Existing, require_none_foreign, require_own
from infra.platforms.kubernetes import client
from infra.platforms.kubernetes.client import Cluster, metadata_of
from infra.platforms.kubernetes.manifests import Names
from infra.resources.guard import GuardProvider
from infra.settings.model import Settings

_REMEDY = f"use another stack name, destroy that stack, or name another namespace with {setting_key('namespace')}"
_KINDS = {str(kind): kind for kind in (client.NAMESPACE, *client.PARTS)}


def require_cluster(access: ClusterAccess, settings: Settings) -> bool:
    """Raise SettingsError if the cluster does not answer, or a named object does not exist.

    In a preview, which creates nothing, a cluster that does not answer is a warning, and the result is False.
    """
    try:
        with Cluster(access) as cluster:
            cluster.require()
            if settings.namespace is not None:
                cluster.require_namespace(settings.namespace, setting_key("namespace"))
                if settings.output_storage is not None:
                    cluster.require_claim(settings.namespace, settings.output_storage, setting_key("outputStorage"))
    except client.NoClusterError as error:
        if not pulumi.runtime.is_dry_run():
            raise
        pulumi.log.warn(f"{error}; this preview did not check names")
        return False
    except RunError as error:
        raise SettingsError(str(error)) from None
    return True


def fixed_names(names: Names, policies: Sequence[str], *, server: bool, claim: str) -> dict[str, list[str]]:
    """Return, by kind, the names of the stack's objects that are the same in every run.

    `policies` are the roles that have a network policy; `claim` is the name of the server's volume claim, or empty. In a
    namespace that the stack creates, everything is the stack's: only the namespace itself is checked.
    """
    if names.existing_namespace is None:
        return {str(client.NAMESPACE): [names.namespace]}
    found = {str(client.NETWORK_POLICY): [names.of(role) for role in policies]}
    if server:
        name = names.of(DATABASE_ROLE)
        found |= {str(client.SERVICE): [name], str(client.STATEFUL_SET): [name], str(client.POD): [f"{name}-0"]}
    if claim:
        found[str(client.CLAIM)] = [claim]
    return found


def require_own_names(
    access: ClusterAccess, stack: str, namespace: str, objects: Mapping[str, Sequence[str]], instance: str
) -> None:
    """Raise SettingsError if an object with one of the names is not this instance's."""
    try:
        existing = _existing(access, namespace, objects)
    except RunError as error:
        raise SettingsError(str(error)) from None
    require_own(stack, existing, instance, _REMEDY)


def _existing(access: ClusterAccess, namespace: str, objects: Mapping[str, Sequence[str]]) -> list[Existing]:
    found = []
    with Cluster(access) as cluster:
        for kind, name in ((kind, name) for kind, names in objects.items() for name in names):
            where = [name] if kind == str(client.NAMESPACE) else [name, namespace]
            metadata = metadata_of(cluster, _KINDS[kind], *where)
            if metadata is not None:
                found.append(Existing(kind, "/".join(reversed(where)), metadata.get("labels") or {}))
    return found


class ClusterGuardProvider(GuardProvider):
    """Refuse `destroy` if a name of the stack now belongs to another stack: Pulumi deletes objects by name."""

    triggers = ("stack", "instance", "namespace", "objects", "cluster")
    recorded = ("access",)

    def require_owned(self, props: dict[str, Any]) -> None:
        """Raise RunError if an object is another instance's. Ignore a cluster that does not answer."""
        try:
            access = ClusterAccess.model_validate(props.get("access") or {})
            existing = _existing(access, props["namespace"], props["objects"])
        except LoadtestError:
            return
        require_none_foreign(props["stack"], existing, props["instance"])


def guarded_inputs(access: ClusterAccess, namespace: str, objects: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the inputs of a guard of the stack's objects; `access` is secret."""
    return {
        "namespace": namespace,
        "objects": objects,
        "access": {key: pulumi.Output.secret(value) for key, value in access.model_dump(exclude_none=True).items()},
        # Compared in place of the secret, which is missing from the old values.
        "cluster": hashlib.sha256(access.model_dump_json().encode()).hexdigest()[:16],
    }
