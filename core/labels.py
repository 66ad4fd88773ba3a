"""The labels of everything that a run makes, on Docker and on Kubernetes: by them it is found without an engine."""

import hashlib
import re

STACK_LABEL = "loadtest.stack"
INSTANCE_LABEL = "loadtest.instance"
"""The random id of one created stack, which its state holds: by it, not by the name, things are deleted."""
RUN_LABEL = "loadtest.run"
PLAN_LABEL = "loadtest.plan"
WORKER_LABEL = "loadtest.worker"
SERVER_LABEL = "loadtest.server"
_LONGEST = 63


def stack_label(stack: str) -> str:
    """A stack's name as Kubernetes takes it for a label's value: a letter or digit at both ends, 63 characters."""
    return shortened(re.sub(r"^[^A-Za-z0-9]+|[^A-Za-z0-9]+$", "", stack), _LONGEST, stack)


def shortened(text: str, longest: int, whole: str) -> str:
    """The text, or its beginning with a digest of what it stands for."""
    if len(text) <= longest:
        return text
    return f"{text[: longest - 9]}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"
