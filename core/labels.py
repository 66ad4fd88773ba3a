"""The labels of all containers and objects that a run creates; cleanup finds them by these."""

import hashlib
import re

STACK_LABEL = "loadtest.stack"
INSTANCE_LABEL = "loadtest.instance"
"""The random id of a created stack, from its state. Resources are deleted by this id, not by the stack's name."""
RUN_LABEL = "loadtest.run"
PLAN_LABEL = "loadtest.plan"
WORKER_LABEL = "loadtest.worker"
SERVER_LABEL = "loadtest.server"
ROLES_LABEL = "loadtest.roles"
"""The label of Docker's prepare container with the roles of all containers of the run, separated by commas."""
ROLE_LABEL = "app.kubernetes.io/component"
POD_INDEX_LABEL = "batch.kubernetes.io/job-completion-index"
"""The label, and annotation, with the index of a pod in its Job."""
DATABASE_ROLE, WORKER_ROLE, PREPARE_ROLE = "database", "worker", "prepare"
"""The roles of a stack's containers and pods. The database's role is also its host name on Docker."""
_LONGEST = 63


def stack_label(stack: str) -> str:
    """Return a stack's name as a valid label value of Kubernetes: alphanumeric at both ends, at most 63 characters."""
    return shortened(re.sub(r"^[^A-Za-z0-9]+|[^A-Za-z0-9]+$", "", stack), _LONGEST, stack)


def shortened(text: str, longest: int, whole: str) -> str:
    """Return the text; if it is too long, return its beginning and a digest of `whole`."""
    if len(text) <= longest:
        return text
    return f"{text[: longest - 9]}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"
