"""The project's own Pulumi backend: a folder with the states of its stacks."""

from pathlib import Path

from core.stack_file import project_name

FOLDER = ".pulumi"


def backend_url(project: Path) -> str:
    """Return the URL of the project's own backend, in Pulumi's form."""
    return f"file://{project / FOLDER}"


def state_file(project: Path, stack: str) -> Path:
    """Return the path of a stack's state in the project's own backend."""
    return project / FOLDER / ".pulumi" / "stacks" / project_name(project) / f"{stack}.json"
