"""The Kubernetes cluster of a stack: from the Pulumi provider's configuration if set, else from kubectl's."""

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from core.errors import SettingsError
from core.provider_keys import provider_keys
from core.stack_file import is_secret

_KEYS = ("kubeconfig", "context")


class ClusterAccess(BaseModel):
    """The keys `kubernetes:kubeconfig` and `kubernetes:context`; the defaults are $KUBECONFIG and the user's own file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kubeconfig: str | None = None
    """The path of a kubeconfig file, or its content."""
    context: str | None = None

    @classmethod
    def of_stack(cls, project: Path, stack: str) -> "ClusterAccess":
        """Return the keys of a stack's files, if there are any.

        Raises SettingsError for an encrypted value, unless $KUBECONFIG is set.
        """
        values = provider_keys(project, stack, "kubernetes")
        chosen = {key: values[f"kubernetes:{key}"] for key in _KEYS if f"kubernetes:{key}" in values}
        for key in [key for key, value in chosen.items() if is_secret(value)]:
            if not os.environ.get("KUBECONFIG"):
                raise SettingsError(
                    f"kubernetes:{key}: is encrypted in stack {stack}, so only the engine can read it; set KUBECONFIG to "
                    "the same cluster's file"
                )
            del chosen[key]
        return cls.model_validate({key: str(value) for key, value in chosen.items()})

    @property
    def is_chosen(self) -> bool:
        """Whether the stack or $KUBECONFIG names the cluster."""
        return self != ClusterAccess() or bool(os.environ.get("KUBECONFIG"))

    def options(self) -> Mapping[str, Any]:
        """Return the arguments of `kubernetes.config.new_client_from_config`.

        Raises SettingsError if the key is neither an existing file nor the content of a kubeconfig.
        """
        if self.kubeconfig is None:
            # By default the client uses the environment at the time of its import. An empty variable counts as none.
            return {"config_file": os.environ.get("KUBECONFIG") or "~/.kube/config", "context": self.context}
        if _is_mapping(self.kubeconfig):
            # Text has no path to store a renewed token in.
            return {"config_file": io.StringIO(self.kubeconfig), "context": self.context, "persist_config": False}
        if not _is_file(self.kubeconfig):
            raise SettingsError(
                "kubernetes:kubeconfig: is neither an existing file nor the content of a kubeconfig; name an existing file"
            )
        return {"config_file": str(Path(self.kubeconfig).expanduser()), "context": self.context}


def _is_mapping(text: str) -> bool:
    try:
        return isinstance(yaml.safe_load(text), dict)
    except yaml.YAMLError:
        return False


def _is_file(text: str) -> bool:
    try:
        return Path(text).expanduser().is_file()
    except (OSError, RuntimeError, ValueError):  # text that is not a valid path
        return False
