"""Fixtures that tests in several folders share."""

from tests.cluster import cluster, cluster_session

__all__ = ["cluster", "cluster_session"]
