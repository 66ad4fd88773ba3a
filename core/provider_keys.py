"""The keys of Pulumi's Docker and Kubernetes providers that would make a provider act on another engine or cluster.

Fleet, `watch` and `cleanup` connect themselves. They read the keys of `core.docker_address` and `core.kubeconfig` only.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import Complaints, SettingsError
from core.stack_file import read_stack

_TLS = "set docker:certPath to a folder with ca.pem, cert.pem and key.pem"
_UNREAD: Mapping[str, str] = {
    "docker:context": "choose the context with `docker context use`, or set docker:host",
    "docker:caMaterial": _TLS,
    "docker:certMaterial": _TLS,
    "docker:keyMaterial": _TLS,
    "docker:sshOpts": "write the options to ~/.ssh/config",
    "kubernetes:cluster": "set kubernetes:context to a context of this cluster",
    "kubernetes:renderYamlToDirectory": "remove it: a run needs the objects in a cluster",
}


def provider_keys(project: Path, stack: str, package: str) -> Mapping[str, Any]:
    """Return a stack's keys of one package. Raises SettingsError with each that only the provider would read."""
    keys = {key: value for key, value in read_stack(project, stack).items() if key.startswith(f"{package}:") and value}
    complaints = Complaints()
    for key in keys:
        with complaints.collect():
            if remedy := _UNREAD.get(key):
                raise SettingsError(
                    f"{key}: is read by Pulumi's provider only, and not by Loadtest's own client; {remedy}"
                )
    complaints.finish()
    return keys
