"""A password for the server of ours: random, made once per stack, and a secret ever after."""

import secrets
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, Resource

from infra.resources.dynamic import ReplacedProvider


class PasswordProvider(ReplacedProvider):
    """Makes a password of 192 random bits, in letters that no server and no URL needs quoted."""

    def make(self, props: dict[str, Any]) -> CreateResult:  # noqa: ARG002
        """A new password."""
        return CreateResult(id_="password", outs={"value": secrets.token_hex(24)})


class Password(Resource, module="loadtest", name="Password"):
    """`value` is secret in the state and in every output made of it."""

    value: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        secret = pulumi.ResourceOptions(additional_secret_outputs=["value"])
        super().__init__(PasswordProvider(), name, {"value": None}, pulumi.ResourceOptions.merge(opts, secret))
