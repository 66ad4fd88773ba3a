"""The machine's side of the cluster's network: one link, two routes, three rules, and their removal."""

from __future__ import annotations

from pathlib import Path

from contrib.offline.cluster.addresses import NODE_ADDRESS, NODE_LINK, POD_LINK, POD_RANGE, RANGE, SERVICE_RANGE
from contrib.offline.cluster.command import run, succeeds

_COMMENT = ("-m", "comment", "--comment", "loadtest-cluster")
_RULES = (
    # Docker drops what it does not know of.
    ("filter", "FORWARD", ("-s", POD_RANGE, *_COMMENT, "-j", "ACCEPT")),
    ("filter", "FORWARD", ("-d", POD_RANGE, *_COMMENT, "-j", "ACCEPT")),
    # A server outside knows the machine, not its pods.
    ("nat", "POSTROUTING", ("-s", POD_RANGE, "!", "-d", RANGE, *_COMMENT, "-j", "MASQUERADE")),
)


def set_up() -> None:
    """Give the machine the node's address and let pods reach each other, the services and the outside."""
    # First of all: whatever is sent to an address that no link has yet must not leave by the default route.
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
    """Take all of it back; what is not there is passed over."""
    for table, chain, rule in _RULES:
        while succeeds(["iptables", "-w", "-t", table, "-D", chain, *rule]):
            pass  # an interrupted start may have left one more
    for link in (POD_LINK, NODE_LINK):
        succeeds(["ip", "link", "delete", link])
    # Last of all, as it came first of all.
    succeeds(["ip", "route", "delete", "unreachable", RANGE])
