"""One module per platform, over the same plan."""

from collections.abc import Mapping
from importlib import import_module

from infra.platforms.base import LoadTestComponent

_COMPONENTS: Mapping[str, tuple[str, str]] = {
    "local": ("infra.platforms.local.component", "LocalLoadTest"),
    "docker": ("infra.platforms.docker.component", "DockerLoadTest"),
    "kubernetes": ("infra.platforms.kubernetes.component", "KubernetesLoadTest"),
}


def component_of(platform: str) -> LoadTestComponent:
    """The platform's component; only its own provider's SDK is imported."""
    module, name = _COMPONENTS[platform]
    component: LoadTestComponent = getattr(import_module(module), name)
    return component
