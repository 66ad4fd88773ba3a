"""Queries of the running cluster, through Kubernetes' own client and a resolver."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any

import dns.exception
import dns.resolver
import urllib3
import yaml
from kubernetes import client, config, dynamic

from contrib.offline.cluster.addresses import API_URL, DNS_SERVICE, DOMAIN, NODE
from contrib.offline.cluster.layout import Layout

NOT_YET = (client.ApiException, urllib3.exceptions.HTTPError)
"""Errors of a query while the API server does not respond yet, or does not have an object yet."""
_SECONDS = 5
"""Seconds for one response."""


class Api:
    """The API server, with the administrator's rights."""

    def __init__(self, layout: Layout) -> None:
        self._client: Any = config.new_client_from_config(str(layout.kubeconfig))  # type: ignore[no-untyped-call]
        self._core: Any = client.CoreV1Api(self._client)
        self._discovered = layout.data / "discovered.json"

    def is_ready(self) -> bool:
        """Return whether the API server is ready, including its storage and its own objects. Raises NOT_YET."""
        return bool(
            self._client.call_api("GET", f"{API_URL}/readyz", _request_timeout=_SECONDS).status == HTTPStatus.OK
        )

    def apply(self, manifest: Path) -> bool:
        """Create or update every object of a manifest. Raises NOT_YET."""
        kinds: Any = dynamic.DynamicClient(self._client, cache_file=str(self._discovered))  # type: ignore[no-untyped-call]
        for body in yaml.safe_load_all(manifest.read_text(encoding="utf-8")):
            kind = kinds.resources.get(api_version=body["apiVersion"], kind=body["kind"])
            where = body["metadata"].get("namespace")
            kind.server_side_apply(body=body, namespace=where, field_manager="loadtest-cluster", force_conflicts=True)
        return True

    def is_node_ready(self) -> bool:
        """Return whether the kubelet reports the node ready for pods. Raises NOT_YET."""
        node = self._core.read_node(NODE, _request_timeout=_SECONDS)
        return any(condition.type == "Ready" and condition.status == "True" for condition in node.status.conditions)

    def has_default_account(self) -> bool:
        """Return whether the default namespace has the service account that pods need. Raises NOT_YET."""
        self._core.read_namespaced_service_account("default", "default", _request_timeout=_SECONDS)
        return True


def names_resolve() -> bool:
    """Return whether the cluster's DNS resolves the name of the API server's service."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [DNS_SERVICE]
    try:
        return len(resolver.resolve(f"kubernetes.default.svc.{DOMAIN}", "A", lifetime=1)) > 0
    except dns.exception.DNSException:
        return False
