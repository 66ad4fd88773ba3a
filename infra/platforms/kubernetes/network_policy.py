"""Who may do what: the namespace's pod security, and who reaches whom."""

from infra.databases.spec import DatabaseSpec
from infra.platforms.kubernetes.database import ROLE as DATABASE_ROLE
from infra.platforms.kubernetes.names import Names
from infra.platforms.kubernetes.pod import Manifest
from infra.platforms.kubernetes.worker import PREPARE_ROLE, WORKER_ROLE

POD_SECURITY = {"pod-security.kubernetes.io/enforce": "restricted"}
"""Labels of the stack's own namespace: a pod that asks for more than this standard is not admitted."""


def allow_workers_to_database(names: Names, database: DatabaseSpec) -> Manifest:
    """Only the run's own workers reach the server, and only on its port."""
    workers = [{"podSelector": {"matchLabels": names.selector(role)}} for role in (WORKER_ROLE, PREPARE_ROLE)]
    return {
        "podSelector": {"matchLabels": names.selector(DATABASE_ROLE)},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": workers, "ports": [{"port": database.port, "protocol": "TCP"}]}],
    }


def deny_ingress(names: Names, role: str) -> Manifest:
    """Nobody reaches a worker: it listens on nothing."""
    return {"podSelector": {"matchLabels": names.selector(role)}, "policyTypes": ["Ingress"], "ingress": []}
