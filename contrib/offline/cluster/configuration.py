"""The programs' configuration files, written from the templates in `configuration/`."""

from __future__ import annotations

from pathlib import Path
from string import Template

from contrib.offline.cluster import addresses
from contrib.offline.cluster.build import COREDNS_IMAGE, PAUSE_IMAGE
from contrib.offline.cluster.layout import RUNTIME, SOCKET, Layout
from contrib.offline.cluster.packages import CNI_FOLDER

TEMPLATES = Path(__file__).parent / "configuration"


def write(layout: Layout) -> None:
    """Write each template's file, under the same name. Raises KeyError for a placeholder without a value."""
    values = {
        "cgroup": f"/{addresses.CGROUP}",
        "cni_folder": CNI_FOLDER,
        "cni_network": addresses.CNI_NETWORK,
        "configuration": layout.configuration,
        "coredns_image": COREDNS_IMAGE,
        "data": layout.data,
        "dns_service": addresses.DNS_SERVICE,
        "domain": addresses.DOMAIN,
        "node": addresses.NODE,
        "node_address": addresses.NODE_ADDRESS,
        "pause_image": PAUSE_IMAGE,
        "pki": layout.pki,
        "pod_link": addresses.POD_LINK,
        "pod_range": addresses.POD_RANGE,
        "runtime": RUNTIME,
        "socket": SOCKET,
    }
    for template in TEMPLATES.rglob("*"):
        if template.is_file():
            file = layout.configuration / template.relative_to(TEMPLATES)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(Template(template.read_text(encoding="utf-8")).substitute(values), encoding="utf-8")
