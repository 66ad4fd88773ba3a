"""Stacks as the integration tests make them."""

from tests.integration.conftest import clone, docker, new_stack

__all__ = ["clone", "docker", "new_stack"]
