"""The programs of the cluster, in the order they start, each with its command line."""

from __future__ import annotations

from pathlib import Path

from contrib.offline.cluster.addresses import (
    API_PORT,
    DOMAIN,
    ETCD_PEER_PORT,
    ETCD_PORT,
    NODE,
    NODE_ADDRESS,
    POD_RANGE,
    SERVICE_RANGE,
)
from contrib.offline.cluster.layout import Layout

ETCD_URL = f"https://127.0.0.1:{ETCD_PORT}"
ETCD_PEER_URL = f"https://127.0.0.1:{ETCD_PEER_PORT}"

STORES = ("containerd", "etcd", "kube-apiserver")
"""Programs that start first, together: the API server waits for etcd by itself."""
CLIENTS = ("kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")
"""Programs that start once the API server responds."""
NAMES = STORES + CLIENTS


def command_lines(layout: Layout, binaries: Path) -> dict[str, list[str]]:
    """Return the command line of each program by its name; `binaries` is what `build` returned."""
    pki, conf, data = layout.pki, layout.configuration, layout.data
    options: dict[str, dict[str, object]] = {
        "etcd": {
            "name": NODE,
            "data-dir": data / "etcd",
            "listen-client-urls": ETCD_URL,
            "advertise-client-urls": ETCD_URL,
            "cert-file": pki / "etcd.crt",
            "key-file": pki / "etcd.key",
            "client-cert-auth": "true",
            "trusted-ca-file": pki / "etcd-ca.crt",
            "listen-peer-urls": ETCD_PEER_URL,
            "initial-advertise-peer-urls": ETCD_PEER_URL,
            "initial-cluster": f"{NODE}={ETCD_PEER_URL}",
            "peer-cert-file": pki / "etcd.crt",
            "peer-key-file": pki / "etcd.key",
            "peer-client-cert-auth": "true",
            "peer-trusted-ca-file": pki / "etcd-ca.crt",
            # A test cluster's objects need not survive a power failure.
            "unsafe-no-fsync": "true",
            "log-level": "warn",
        },
        "kube-apiserver": {
            "etcd-servers": ETCD_URL,
            "etcd-cafile": pki / "etcd-ca.crt",
            "etcd-certfile": pki / "apiserver-etcd-client.crt",
            "etcd-keyfile": pki / "apiserver-etcd-client.key",
            "bind-address": NODE_ADDRESS,
            "secure-port": API_PORT,
            "advertise-address": NODE_ADDRESS,
            "endpoint-reconciler-type": "lease",
            "service-cluster-ip-range": SERVICE_RANGE,
            "client-ca-file": pki / "ca.crt",
            "tls-cert-file": pki / "apiserver.crt",
            "tls-private-key-file": pki / "apiserver.key",
            "service-account-issuer": f"https://kubernetes.default.svc.{DOMAIN}",
            "service-account-key-file": pki / "service-accounts.pub",
            "service-account-signing-key-file": pki / "service-accounts.key",
            "kubelet-certificate-authority": pki / "ca.crt",
            "kubelet-client-certificate": pki / "apiserver-kubelet-client.crt",
            "kubelet-client-key": pki / "apiserver-kubelet-client.key",
            "kubelet-preferred-address-types": "InternalIP",
            "authorization-mode": "Node,RBAC",
            "enable-admission-plugins": "NodeRestriction",
            "allow-privileged": "true",
        },
        "kube-controller-manager": {
            "kubeconfig": layout.kubeconfig_of("kube-controller-manager"),
            "bind-address": "127.0.0.1",
            "leader-elect": "false",
            # By default the controllers wait several times, which takes four seconds of a start.
            "kube-api-qps": 200,
            "kube-api-burst": 400,
            "use-service-account-credentials": "true",
            "service-account-private-key-file": pki / "service-accounts.key",
            "root-ca-file": pki / "ca.crt",
            "cluster-signing-cert-file": pki / "ca.crt",
            "cluster-signing-key-file": pki / "ca.key",
            "cluster-cidr": POD_RANGE,
            "service-cluster-ip-range": SERVICE_RANGE,
        },
        "kube-scheduler": {
            "kubeconfig": layout.kubeconfig_of("kube-scheduler"),
            "bind-address": "127.0.0.1",
            "leader-elect": "false",
        },
        "kubelet": {
            "config": conf / "kubelet.yaml",
            "kubeconfig": layout.kubeconfig_of("kubelet"),
            "hostname-override": NODE,
            "node-ip": NODE_ADDRESS,
            "root-dir": data / "kubelet",
            "cert-dir": data / "kubelet-certificates",
        },
        "kube-proxy": {"config": conf / "kube-proxy.yaml"},
    }
    lines = {
        name: [str(binaries / name), *(f"--{option}={value}" for option, value in chosen.items())]
        for name, chosen in options.items()
    }
    return {"containerd": ["containerd", "--config", str(conf / "containerd.toml")], **lines}
