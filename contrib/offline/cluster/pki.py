"""The cluster's keys, certificates and kubeconfigs, made by openssl once per state.

etcd has its own authority, so that a user's certificate from the cluster's authority gives no access to its data.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from contrib.offline.cluster.addresses import API_SERVICE, API_URL, DOMAIN, NODE, NODE_ADDRESS
from contrib.offline.cluster.command import run
from contrib.offline.cluster.layout import Layout

DAYS = "3650"
SERVICE_NAMES = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", f"kubernetes.default.svc.{DOMAIN}")


@dataclass(frozen=True)
class Certificate:
    """A certificate for one program: its file name, its authority, its subject, and what it may be used for."""

    name: str
    authority: str
    subject: str
    usages: tuple[str, ...]
    alternative_names: tuple[str, ...] = ()

    def extensions(self) -> str:
        """Return the extensions in openssl's format."""
        lines = [
            "basicConstraints=CA:FALSE",
            "keyUsage=critical,digitalSignature,keyEncipherment",
            f"extendedKeyUsage={','.join(self.usages)}",
        ]
        if self.alternative_names:
            lines.append(f"subjectAltName={','.join(self.alternative_names)}")
        return "\n".join(lines)


def _user(name: str, subject: str) -> Certificate:
    return Certificate(name, "ca", subject, ("clientAuth",))


USERS = (
    _user("admin", "/O=system:masters/CN=admin"),
    _user("kube-controller-manager", "/CN=system:kube-controller-manager"),
    _user("kube-scheduler", "/CN=system:kube-scheduler"),
    _user("kube-proxy", "/CN=system:kube-proxy"),
    _user("kubelet", f"/O=system:nodes/CN=system:node:{NODE}"),
)
"""The users of the API server, each with a kubeconfig."""
CERTIFICATES = (
    *USERS,
    Certificate(
        "apiserver",
        "ca",
        "/CN=kube-apiserver",
        ("serverAuth",),
        (*(f"DNS:{name}" for name in SERVICE_NAMES), f"IP:{NODE_ADDRESS}", f"IP:{API_SERVICE}"),
    ),
    _user("apiserver-kubelet-client", "/O=system:masters/CN=kube-apiserver-kubelet-client"),
    Certificate("kubelet-server", "ca", f"/CN={NODE}", ("serverAuth",), (f"DNS:{NODE}", f"IP:{NODE_ADDRESS}")),
    Certificate("etcd", "etcd-ca", "/CN=etcd", ("serverAuth", "clientAuth"), ("IP:127.0.0.1",)),
    Certificate("apiserver-etcd-client", "etcd-ca", "/CN=kube-apiserver-etcd-client", ("clientAuth",)),
)


def make(layout: Layout) -> None:
    """Create all keys, certificates and kubeconfigs that this state lacks. Raises ClusterError if openssl fails."""
    finished = layout.pki / "made"
    if finished.exists():
        return
    for authority in ("ca", "etcd-ca"):
        _make_authority(layout.pki, authority)
    for certificate in CERTIFICATES:
        _make_certificate(layout.pki, certificate)
    _make_key(layout.pki, "service-accounts")
    _openssl(layout.pki, "pkey", "-in", "service-accounts.key", "-pubout", "-out", "service-accounts.pub")
    for user in USERS:
        _write_kubeconfig(layout, user.name)
    finished.touch()


def _make_authority(folder: Path, name: str) -> None:
    _make_key(folder, name)
    extensions = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature")
    added = [part for extension in extensions for part in ("-addext", extension)]
    subject = ("-key", f"{name}.key", "-subj", f"/CN=loadtest-{name}", "-days", DAYS)
    _openssl(folder, "req", "-x509", "-new", *subject, *added, "-out", f"{name}.crt")


def _make_certificate(folder: Path, certificate: Certificate) -> None:
    name, authority = certificate.name, certificate.authority
    _make_key(folder, name)
    request = _openssl(folder, "req", "-new", "-key", f"{name}.key", "-subj", certificate.subject)
    (folder / f"{name}.ext").write_text(certificate.extensions())
    signer = ("-CA", f"{authority}.crt", "-CAkey", f"{authority}.key", "-CAcreateserial", "-days", DAYS)
    signed = ("-extfile", f"{name}.ext", "-out", f"{name}.crt")
    _openssl(folder, "x509", "-req", *signer, *signed, text=request)


def _make_key(folder: Path, name: str) -> None:
    _openssl(folder, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")


def _openssl(folder: Path, *arguments: str, text: str | None = None) -> str:
    return run(["openssl", *arguments], folder=folder, text=text)


def _write_kubeconfig(layout: Layout, user: str) -> None:
    """Write JSON, which is also YAML. It contains the user's key."""

    def content(file: str) -> str:
        return base64.b64encode((layout.pki / file).read_bytes()).decode()

    cluster = {"server": API_URL, "certificate-authority-data": content("ca.crt")}
    credentials = {"client-certificate-data": content(f"{user}.crt"), "client-key-data": content(f"{user}.key")}
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "loadtest", "cluster": cluster}],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": "loadtest", "context": {"cluster": "loadtest", "user": user}}],
        "current-context": "loadtest",
    }
    file = layout.kubeconfig_of(user)
    file.touch(mode=0o600)
    file.write_text(json.dumps(kubeconfig, indent=2))
