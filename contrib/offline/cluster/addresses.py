"""The cluster's names and addresses. They are fixed, so that a machine has one cluster, and reachable on this machine only."""

from __future__ import annotations

RANGE = "198.18.0.0/15"
"""A range reserved for benchmarks (RFC 2544), which no real network uses."""
NODE_ADDRESS = "198.18.255.1"
POD_RANGE = "198.18.0.0/24"
SERVICE_RANGE = "198.19.0.0/24"
API_SERVICE = "198.19.0.1"
"""The first address of the services' range, which the API server uses."""
DNS_SERVICE = "198.19.0.10"

NODE = "node1"
DOMAIN = "cluster.local"
API_PORT = 6443
API_URL = f"https://{NODE_ADDRESS}:{API_PORT}"
ETCD_PORT = 12379
ETCD_PEER_PORT = 12380

NODE_LINK = "loadtest-node"
"""A bridge without ports that has the node's address: the kubelet rejects one on the loopback."""
POD_LINK = "loadtest-pods"
"""The bridge that the CNI plugin creates for the pods."""
CNI_NETWORK = "loadtest"
CGROUP = "loadtest-cluster"
"""The control group, in each hierarchy, that contains every pod."""
