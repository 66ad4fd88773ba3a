"""Check that all pods of a run find room at the same time, in addition to what other pods have requested."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from kubernetes.client.exceptions import ApiException
from kubernetes.utils import quantity
from urllib3.exceptions import HTTPError

from core.errors import SettingsError
from core.kubeconfig import ClusterAccess
from core.labels import PLAN_LABEL, ROLE_LABEL, STACK_LABEL, WORKER_ROLE, stack_label
from core.settings_key import setting_key
from core.units import format_size
from infra.platforms.base import LoadTestArgs
from infra.platforms.kubernetes.client import Cluster, message_of
from infra.platforms.kubernetes.manifests import Names
from infra.settings.model import Settings

_REPELLING = ("NoSchedule", "NoExecute")
Object = Mapping[str, Any]
_parse: Any = quantity.parse_quantity


@dataclass(frozen=True, slots=True)
class Room:
    """Thousandths of a core, bytes of memory and a number of pods: what a node has left, or what a pod requests."""

    cpu: int
    memory: int
    pods: int = 1

    def __str__(self) -> str:
        return f"{self.cpu / 1000:g} CPU and {format_size(self.memory)}"

    def less(self, other: "Room") -> "Room":
        """Return what is left after another's request."""
        return Room(self.cpu - other.cpu, self.memory - other.memory, self.pods - other.pods)

    def times(self, other: "Room") -> int:
        """Return how many pods with this request find room here."""
        wanted = [(self.cpu, other.cpu), (self.memory, other.memory), (self.pods, other.pods)]
        return max(min(has // needs for has, needs in wanted if needs), 0)


def check_capacity(access: ClusterAccess, names: Names, args: LoadTestArgs) -> None:
    """Raise SettingsError if server and workers do not find room at the same time.

    It is a warning if the cluster adds nodes or moves other pods away, if fewer workers are allowed, or if nodes and pods
    cannot be read. Nothing is checked if this plan's workers have run already: nothing may be left to create.
    """
    try:
        with Cluster(access) as cluster:
            nodes = cluster.read(cluster.core.list_node)["items"]
            pods = cluster.read(cluster.core.list_pod_for_all_namespaces)["items"]
    except (ApiException, HTTPError) as error:
        pulumi.log.warn(f"nodes and pods of the cluster cannot be listed ({message_of(error)}); room was not checked")
        return
    own = {STACK_LABEL: stack_label(args.stack)}
    ran = {**own, ROLE_LABEL: WORKER_ROLE, PLAN_LABEL: args.plan.digest()}
    if any(_has_labels(pod, names.namespace, ran) for pod in pods):
        return
    others = [pod for pod in pods if not _has_labels(pod, names.namespace, own)]
    settings = args.settings
    problem = _problem(rooms_of(nodes, others, settings), args)
    if not problem:
        return
    if settings.cluster_grows or settings.priority_class or settings.allow_fewer_workers:
        pulumi.log.warn(problem)
        return
    remedy = (
        f"lower {setting_key('workers')} or the limits, set {setting_key('cpuRequest')} or {setting_key('memoryRequest')} "
        f"below them, or set {setting_key('clusterGrows')} if the cluster adds nodes"
    )
    raise SettingsError(f"{setting_key('workers')}: {problem}; {remedy}")


def rooms_of(nodes: Iterable[Object], pods: Iterable[Object], settings: Settings) -> list[Room]:
    """Return what each node that accepts the run's pods has left, in addition to these pods."""
    rooms: dict[str, Room] = {}
    for node in nodes:
        if _accepts(node, settings):
            has = node["status"]["allocatable"]
            rooms[node["metadata"]["name"]] = Room(
                _thousandths(has.get("cpu", 0)), _bytes(has.get("memory", 0)), int(has.get("pods", 0))
            )
    for pod in pods:
        node_name = pod["spec"].get("nodeName")
        if node_name in rooms and pod["status"].get("phase") not in ("Succeeded", "Failed"):
            rooms[node_name] = rooms[node_name].less(request_of(pod))
    return list(rooms.values())


def most_workers(rooms: Sequence[Room], server: Room | None, worker: Room) -> int | None:
    """Return how many workers find room at the same time as the server; None if the server does not find any."""
    if server is None:
        return sum(room.times(worker) for room in rooms)
    total = sum(room.times(worker) for room in rooms)
    found = [total - room.times(worker) + room.less(server).times(worker) for room in rooms if room.times(server) > 0]
    return max(found, default=None)


def request_of(pod: Object) -> Room:
    """Return what a pod requests: the sum of its containers, or the largest of those that run before them."""
    initial = pod["spec"].get("initContainers", ())
    before = [_request(container) for container in initial if container.get("restartPolicy") != "Always"]
    running = [_request(container) for container in initial if container.get("restartPolicy") == "Always"]
    running += [_request(container) for container in pod["spec"]["containers"]]
    extra = pod["spec"].get("overhead", {})
    cpu = max([sum(each.cpu for each in running), *(each.cpu for each in before)])
    memory = max([sum(each.memory for each in running), *(each.memory for each in before)])
    return Room(cpu + _thousandths(extra.get("cpu", 0)), memory + _bytes(extra.get("memory", 0)))


def worker_request(settings: Settings) -> Room:
    """Return what a worker's pod requests: its limits, unless less is set."""
    return Room(
        round((settings.cpu_request or settings.cpu_limit) * 1000), settings.memory_request or settings.memory_limit
    )


def request_warnings(settings: Settings) -> list[str]:
    """Return a warning for each request below its limit, for the report: such a worker may get less than its limit."""
    warnings = []
    if settings.cpu_request and settings.cpu_request < settings.cpu_limit:
        warnings.append(
            f"{setting_key('cpuRequest')}: a worker requests {settings.cpu_request:g} CPU and may use {settings.cpu_limit:g}: "
            "on a busy node it gets less, and is slower"
        )
    if settings.memory_request and settings.memory_request < settings.memory_limit:
        warnings.append(
            f"{setting_key('memoryRequest')}: a worker requests {format_size(settings.memory_request)} of memory and may use "
            f"{format_size(settings.memory_limit)}: a node short of memory may evict it"
        )
    return warnings


def _problem(rooms: Sequence[Room], args: LoadTestArgs) -> str:
    """Return why the pods do not find room at the same time, or an empty string."""
    if not rooms:
        return "no node of the cluster is ready and accepts the pods (labels, taints)"
    worker, count, database = worker_request(args.settings), len(args.plan.workers), args.database
    server = Room(round(database.cpu * 1000), database.memory) if database else None
    most = most_workers(rooms, server, worker)
    if most is not None and most >= count:
        return ""
    left = Room(sum(max(room.cpu, 0) for room in rooms), sum(max(room.memory, 0) for room in rooms))
    nodes = f"the {len(rooms)} nodes have" if len(rooms) > 1 else "its node has"
    and_server = f" and a server of {server}" if server else ""
    fit = "the server does not fit" if most is None else f"{most} of {count} do"
    return f"{count} workers of {worker}{and_server} do not fit the cluster at the same time: {nodes} {left} left, and {fit}"


def _accepts(node: Object, settings: Settings) -> bool:
    spec, labels = node.get("spec", {}), node["metadata"].get("labels", {})
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in node["status"].get("conditions", ()))
    matches = all(labels.get(key) == value for key, value in settings.node_selector.items())
    repelled = any(
        taint["effect"] in _REPELLING and not _is_tolerated(taint, settings) for taint in spec.get("taints", ())
    )
    return ready and matches and not repelled and not spec.get("unschedulable")


def _is_tolerated(taint: Object, settings: Settings) -> bool:
    return any(
        each.key == taint["key"]
        and each.value in (None, taint.get("value", ""))
        and each.effect in (None, taint["effect"])
        for each in settings.tolerations
    )


def _has_labels(pod: Object, namespace: str, labels: Mapping[str, str]) -> bool:
    metadata: Object = pod["metadata"]
    has: Mapping[str, str] = metadata.get("labels", {})
    return metadata["namespace"] == namespace and labels.items() <= has.items()


def _request(container: Object) -> Room:
    requests = container.get("resources", {}).get("requests", {})
    return Room(_thousandths(requests.get("cpu", 0)), _bytes(requests.get("memory", 0)))


def _thousandths(text: object) -> int:
    return int(_parse(text) * 1000)


def _bytes(text: object) -> int:
    return int(_parse(text))
