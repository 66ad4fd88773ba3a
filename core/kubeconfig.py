"""How a stack's Kubernetes cluster is reached: as the Pulumi provider's configuration says, else as kubectl does it."""

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from core.errors import SettingsError
from core.stack_file import is_secret, stack_configuration, stacks_of

_KEYS = ("kubeconfig", "context")


class ClusterAccess(BaseModel):
    """The keys `kubernetes:kubeconfig` and `kubernetes:context`; without them it is $KUBECONFIG or the user's own file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kubeconfig: str | None = None
    """A path, or the file's content."""
    context: str | None = None

    @classmethod
    def of_stack(cls, project: Path, stack: str) -> "ClusterAccess":
        """What a stack's file says; a stack without a file says nothing.

        Raises SettingsError for a value that is a secret, unless $KUBECONFIG stands in for it.
        """
        values = stack_configuration(project, stack) if stack in stacks_of(project) else {}
        chosen = {key: values[f"kubernetes:{key}"] for key in _KEYS if values.get(f"kubernetes:{key}")}
        for key in [key for key, value in chosen.items() if is_secret(value)]:
            if "KUBECONFIG" not in os.environ:
                raise SettingsError(
                    f"kubernetes:{key}: is a secret of stack {stack}, which only the engine can read; set KUBECONFIG to "
                    "the same cluster's file"
                )
            del chosen[key]
        return cls.model_validate({key: str(value) for key, value in chosen.items()})

    @property
    def is_chosen(self) -> bool:
        """Whether somebody said which cluster it is, rather than leaving it to the machine."""
        return self != ClusterAccess() or "KUBECONFIG" in os.environ

    def options(self) -> Mapping[str, Any]:
        """The arguments of `kubernetes.config.new_client_from_config`.

        Raises SettingsError where the key names no file and is no kubeconfig's content either.
        """
        if self.kubeconfig is None:
            # The client itself would look at the environment of the moment in which it was imported.
            return {"config_file": os.environ.get("KUBECONFIG"), "context": self.context}
        if _is_mapping(self.kubeconfig):
            # A token that the client renewed has no file to be kept in.
            return {"config_file": io.StringIO(self.kubeconfig), "context": self.context, "persist_config": False}
        if not _is_file(self.kubeconfig):
            raise SettingsError(
                "kubernetes:kubeconfig: is neither a file nor a kubeconfig's content; name a file that is there"
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
    except (OSError, RuntimeError, ValueError):  # a text that can name no file
        return False
