"""The stack fixtures of the integration tests."""

from tests.integration.conftest import clone, docker, new_stack

__all__ = ["clone", "docker", "new_stack"]
