"""A broker with settings of its own, for the tests of one module."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from infra.databases import kafka
from infra.databases.spec import DatabaseSpec
from testkit.serving import Served, serving


@contextmanager
def serving_broker(environment: Mapping[str, str]) -> Iterator[Served]:
    """Start Loadtest's broker with these variables in addition."""
    plain = kafka.specification

    def changed(*limits: object) -> DatabaseSpec:
        own = plain(*limits)  # type: ignore[arg-type]
        return own.model_copy(update={"environment": {**own.environment, **environment}})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kafka, "specification", changed)
        with serving("kafka") as server:
            yield server
