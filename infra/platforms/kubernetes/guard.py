"""Objects have names, and a name may have gone from this stack to another: looked at before `up` and before `destroy`."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import CreateResult, Resource

from core.errors import LoadtestError, RunError, SettingsError
from core.kubeconfig import ClusterAccess
from infra.platforms.kubernetes.names import Names
from infra.resources.dynamic import ReplaceOnChangeProvider
from infra.settings.model import NAMESPACE

if TYPE_CHECKING:
    from infra.ownership import Existing

_REMEDY = f"use another stack name, destroy that stack, or name a namespace of your own by {NAMESPACE}:namespace"
_NAMESPACE = "namespace"


def fixed_names(names: Names, policies: Sequence[str], server: str, claim: str) -> dict[str, list[str]]:
    """Return the names that the stack's objects have in every run, by their kinds.

    `policies` are the roles that have one; `server` is the server's role and `claim` its volume claim's name, or empty.
    Of a namespace of the stack's own nothing else has to be looked at: what is in it is the stack's.
    """
    if names.existing_namespace is None:
        return {_NAMESPACE: [names.namespace]}
    found = {"network policy": [names.of(role) for role in policies]}
    if server:
        found |= {"service": [names.of(server)], "stateful set": [names.of(server)], "pod": [f"{names.of(server)}-0"]}
    if claim:
        found["persistent volume claim"] = [claim]
    return found


def require_own_names(
    access: ClusterAccess, stack: str, namespace: str, objects: Mapping[str, Sequence[str]], instance: str
) -> None:
    """Raise SettingsError, in one line, where an object that is not this instance's has one of the names."""
    from infra.ownership import require_own

    try:
        existing = _existing(access, namespace, objects)
    except RunError as error:
        raise SettingsError(str(error)) from None
    require_own(stack, existing, instance, _REMEDY)


def _existing(access: ClusterAccess, namespace: str, objects: Mapping[str, Sequence[str]]) -> list["Existing"]:
    from infra.ownership import Existing
    from infra.platforms.kubernetes.client import Cluster, named
    from infra.platforms.kubernetes.kinds import NAMESPACE, PARTS, metadata_of

    kinds = {str(kind): kind for kind in (NAMESPACE, *PARTS)}

    @named
    def look() -> list[Existing]:
        found = []
        with Cluster(access) as cluster:
            for kind, name in ((kind, name) for kind, names in objects.items() for name in names):
                where = [name] if kind == _NAMESPACE else [name, namespace]
                metadata = metadata_of(cluster, kinds[kind], *where)
                if metadata is not None:
                    found.append(Existing(kind, "/".join(reversed(where)), metadata.get("labels") or {}))
        return found

    return look()


class GuardProvider(ReplaceOnChangeProvider):
    """Created after a stack's objects, and so deleted before them: Pulumi deletes by name, whoever has the name now."""

    triggers = ("stack", "instance", "namespace", "objects", "cluster")

    def create_resource(self, props: dict[str, Any]) -> CreateResult:
        """Create nothing."""
        return CreateResult(id_="guard", outs={key: props[key] for key in (*self.triggers, "access")})

    def delete_resource(self, props: dict[str, Any]) -> None:
        """Raise RunError where an object of the stack has another's mark by now: nothing is deleted then.

        A cluster that cannot be asked is left to the provider that is to delete.
        """
        from infra.ownership import foreign

        try:
            access = ClusterAccess.model_validate(props.get("access") or {})
            existing = _existing(access, props["namespace"], props["objects"])
        except LoadtestError:
            return
        others = foreign(existing, props["instance"])
        if others:
            raise RunError(
                f"stack: {props['stack']!r} deletes nothing, because names of its objects are now others': {others}; "
                f"forget the stack by `pulumi stack rm --force {props['stack']}`"
            )


class Guard(Resource, module="loadtest", name="Guard"):
    """What stands before the deletion of the objects that it depends on."""

    def __init__(
        self,
        name: str,
        stack: str,
        instance: pulumi.Input[str],
        access: ClusterAccess,
        namespace: str,
        objects: Mapping[str, Sequence[str]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        secret = {key: pulumi.Output.secret(value) for key, value in access.model_dump(exclude_none=True).items()}
        inputs = {
            "stack": stack,
            "instance": instance,
            "namespace": namespace,
            "objects": objects,
            "access": secret,
            # The secret itself is not compared.
            "cluster": hashlib.sha256(access.model_dump_json().encode()).hexdigest()[:16],
        }
        options = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["access"]))
        super().__init__(GuardProvider(), name, inputs, options)
