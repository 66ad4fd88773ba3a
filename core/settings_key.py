"""The full names of a stack's settings, as Pulumi's configuration and every message write them."""

NAMESPACE = "loadtest"
"""The namespace of the settings: the project's name in Pulumi.yaml."""


def setting_key(name: str) -> str:
    """Return a setting's key with its namespace, for example `loadtest:workers`."""
    return f"{NAMESPACE}:{name}"
