"""The machine's side of the cluster's network: one link, two routes, three rules, and their removal."""

from __future__ import annotations

from pathlib import Path

from contrib.offline.cluster.addresses import NODE_ADDRESS, NODE_LINK, POD_LINK, POD_RANGE, RANGE, SERVICE_RANGE
from contrib.offline.cluster.command import run, succeeds

_COMMENT = ("-m", "comment", "--comment", "loadtest-cluster")
_RULES = (
    # Docker drops packets of unknown networks.
    ("filter", "FORWARD", ("-s", POD_RANGE, *_COMMENT, "-j", "ACCEPT")),
    ("filter", "FORWARD", ("-d", POD_RANGE, *_COMMENT, "-j", "ACCEPT")),
    # A server outside can only reply to the machine's address, not to a pod's.
    ("nat", "POSTROUTING", ("-s", POD_RANGE, "!", "-d", RANGE, *_COMMENT, "-j", "MASQUERADE")),
)


def set_up() -> None:
    """Give the machine the node's address and let pods reach each other, the services and the outside."""
    # This comes first: packets to an address without a link yet must not leave by the default route.
    run(["ip", "route", "replace", "unreachable", RANGE])
    if not Path("/sys/class/net", NODE_LINK).exists():
        run(["ip", "link", "add", NODE_LINK, "type", "bridge"])
    run(["ip", "address", "replace", f"{NODE_ADDRESS}/32", "dev", NODE_LINK])
    run(["ip", "link", "set", NODE_LINK, "up"])
    # kube-proxy rewrites a service's address before a packet reaches the link.
    run(["ip", "route", "replace", SERVICE_RANGE, "dev", NODE_LINK, "src", NODE_ADDRESS])
    for table, chain, rule in _RULES:
        if not succeeds(["iptables", "-w", "-t", table, "-C", chain, *rule]):
            run(["iptables", "-w", "-t", table, "-I", chain, *rule])


def tear_down() -> None:
    """Remove everything that `set_up` created; ignore what does not exist."""
    for table, chain, rule in _RULES:
        while succeeds(["iptables", "-w", "-t", table, "-D", chain, *rule]):
            pass  # an interrupted start may have left another one
    for link in (POD_LINK, NODE_LINK):
        succeeds(["ip", "link", "delete", link])
    # This comes last, because it was set up first.
    succeeds(["ip", "route", "delete", "unreachable", RANGE])
