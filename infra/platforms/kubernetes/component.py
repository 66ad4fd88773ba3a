"""Declare a load test on a cluster: a namespace, the server, and two Jobs that the fleet releases."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi_kubernetes.apps.v1 import StatefulSet
from pulumi_kubernetes.batch.v1 import Job
from pulumi_kubernetes.core.v1 import ConfigMap, Namespace, PersistentVolumeClaim, Secret, Service
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from core.kubeconfig import ClusterAccess
from core.labels import DATABASE_ROLE, INSTANCE_LABEL, PREPARE_ROLE, WORKER_ROLE
from core.process import CONNECTION_VARIABLE, OUTPUT_FOLDER
from infra.databases.spec import DatabaseSpec
from infra.fleet.resource import Fleet
from infra.ownership import checked
from infra.platforms.base import LoadTestArgs, connection_of, endpoint_of
from infra.platforms.kubernetes import database, guard, worker
from infra.platforms.kubernetes.capacity import check_capacity, request_warnings
from infra.platforms.kubernetes.client import require_cluster_of_environment
from infra.platforms.kubernetes.manifests import (
    POD_SECURITY,
    Manifest,
    Names,
    allow_workers_to_database,
    deny_ingress,
)
from infra.resources.guard import declare_guards
from infra.resources.identity import Instance
from infra.worker_image import image_name

_SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}
"""The fleet waits for these objects, and can report why they failed."""
_FORCE = {"pulumi.com/patchForce": "true"}
"""Allow Pulumi to set a field again that the fleet changed when it released a Job."""


class KubernetesLoadTest(pulumi.ComponentResource):
    """A load test on the cluster of the Kubernetes provider's own configuration."""

    fleet: Fleet
    endpoint: pulumi.Output[str]
    connection_string: pulumi.Output[str]

    def __init__(self, name: str, args: LoadTestArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("loadtest:kubernetes:LoadTest", name, None, opts)
        self._args = args
        self._names = Names(args.stack, args.settings.namespace)
        plan = worker.plan_data(args.plan)
        access = _cluster_access(args)
        answers = guard.require_cluster(access, args.settings)
        if answers:
            check_capacity(access, self._names, args)
        objects = self._fixed_names()
        instance = Instance(f"{name}-instance", args.stack, pulumi.ResourceOptions(parent=self))

        def check_names(mark: str) -> None:
            if answers:
                guard.require_own_names(access, args.stack, self._names.namespace, objects, mark)

        self._instance = checked(instance.mark, check_names)
        self._run = {**args.labels, INSTANCE_LABEL: self._instance}
        space = self._namespace()
        self._own = pulumi.ResourceOptions(parent=self, depends_on=[space] if space else [])
        host = self._names.of(DATABASE_ROLE)
        self.connection_string = connection_of(
            args,
            server=lambda database: args.password.apply(lambda password: database.connection_string(password, host)),
            folder=Path(OUTPUT_FOLDER).as_uri(),
        )
        self.endpoint = endpoint_of(args, self.connection_string)
        needed = self._policies(args.database)
        if args.database is not None:
            needed += self._database(args.database)
        prepare, workers = self._jobs(plan, needed)
        self.fleet = Fleet(
            f"{name}-fleet",
            "kubernetes",
            args.plan,
            {
                "namespace": self._names.namespace,
                "instance": self._instance,
                "prepare": _known(prepare, "name"),
                "workers": _known(workers, "name"),
                "server": self._names.of(DATABASE_ROLE) if args.database else "",
                "warnings": request_warnings(args.settings),
                # A replaced Job requires a new run.
                "jobs": [_known(prepare, "uid"), _known(workers, "uid")],
            },
            pulumi.ResourceOptions(parent=self, depends_on=[prepare, workers, *needed]),
            secrets={key: pulumi.Output.secret(value) for key, value in access.model_dump(exclude_none=True).items()},
        )
        declare_guards(
            guard.ClusterGuardProvider(),
            name,
            args.stack,
            self._instance,
            self,
            [prepare, workers, *needed],
            self.fleet,
            secrets=["access"],
            **guard.guarded_inputs(access, self._names.namespace, objects),
        )
        self.register_outputs({"endpoint": self.endpoint, "results": self.fleet.results})

    def _namespace(self) -> Namespace | None:
        if self._args.settings.namespace is not None:
            return None
        labels = {**self._names.labels("namespace", self._run), **POD_SECURITY}
        metadata = {"name": self._names.namespace, "labels": labels}
        return Namespace(self._names.namespace, metadata=metadata, opts=pulumi.ResourceOptions(parent=self))

    def _metadata(self, role: str, *, named: bool = True, annotations: Mapping[str, str] | None = None) -> Manifest:
        """Return an object's metadata. An object that is not `named` gets a new name whenever its content changes."""
        metadata: Manifest = {
            "namespace": self._names.namespace,
            "labels": self._names.labels(role, self._run),
        }
        if named:
            metadata["name"] = self._names.of(role)
        if annotations:
            metadata["annotations"] = dict(annotations)
        return metadata

    def _secret(self, role: str, content: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
        """Declare a Secret and return its name, which changes with its content."""
        secret = Secret(
            self._names.of(role),
            metadata=self._metadata(role, named=False),
            string_data={key: pulumi.Output.secret(value) for key, value in content.items()},
            opts=self._own,
        )
        return _name_of(secret)

    def _policies(self, server: DatabaseSpec | None) -> list[pulumi.Resource]:
        specs = {role: deny_ingress(self._names, role) for role in (WORKER_ROLE, PREPARE_ROLE)}
        if server is not None:
            specs[DATABASE_ROLE] = allow_workers_to_database(self._names, server)
        return [
            NetworkPolicy(f"{self._names.of(role)}-reach", metadata=self._metadata(role), spec=spec, opts=self._own)
            for role, spec in specs.items()
        ]

    def _database(self, server: DatabaseSpec) -> list[pulumi.Resource]:
        names, settings, run = self._names, self._args.settings, self._run
        secret = self._credentials(server)
        claim = self._claim(database.claim_spec(settings))
        specification = database.stateful_set(names, server, settings, run, secret, _name_of(claim) if claim else None)
        service = Service(
            names.of(DATABASE_ROLE),
            metadata=self._metadata(DATABASE_ROLE, annotations=_SKIP_AWAIT),
            spec=database.service(names, server),
            opts=self._own,
        )
        server_set = StatefulSet(
            f"{names.of(DATABASE_ROLE)}-server",
            metadata=self._metadata(DATABASE_ROLE, annotations=_SKIP_AWAIT),
            spec=specification,
            opts=self._own,
        )
        return [service, server_set, *([claim] if claim else [])]

    def _credentials(self, server: DatabaseSpec) -> pulumi.Output[str] | None:
        """Declare the server's own Secret, if it has one: the workers have only their connection string."""
        if not server.secret_environment:
            return None
        password = self._args.password
        content = {
            key: pulumi.Output.format(text, password=password) for key, text in server.secret_environment.items()
        }
        return self._secret(DATABASE_ROLE, content)

    def _claim(self, spec: Manifest | None) -> PersistentVolumeClaim | None:
        """Declare a volume claim with the plan in its name, so that another run has an empty volume."""
        if spec is None:
            return None
        metadata = {**self._metadata(DATABASE_ROLE, annotations=_SKIP_AWAIT), "name": self._claim_name()}
        return PersistentVolumeClaim(
            f"{self._names.of(DATABASE_ROLE)}-data", metadata=metadata, spec=spec, opts=self._own
        )

    def _claim_name(self) -> str:
        return self._names.of(f"data-{self._args.plan.digest()}")

    def _fixed_names(self) -> dict[str, list[str]]:
        """Return the names, by kind, of the objects whose names do not change with their content."""
        server = self._args.database
        has_claim = server is not None and database.claim_spec(self._args.settings) is not None
        return guard.fixed_names(
            self._names,
            [WORKER_ROLE, PREPARE_ROLE, *([DATABASE_ROLE] if server else [])],
            server=server is not None,
            claim=self._claim_name() if has_claim else "",
        )

    def _jobs(self, plan: Mapping[str, Any], needed: list[pulumi.Resource]) -> tuple[Job, Job]:
        args, names = self._args, self._names
        plan_map = ConfigMap(names.of("plan"), metadata=self._metadata("plan", named=False), **plan, opts=self._own)
        jobs = worker.WorkerJobs(
            names,
            args,
            self._run,
            args.settings.worker_image or image_name(args.project, args.settings.worker_base_image),
            _name_of(plan_map),
            self._secret("connection", {CONNECTION_VARIABLE: self.connection_string}),
            _digest(args.database),
        )
        replaced = pulumi.ResourceOptions(parent=self, delete_before_replace=True, depends_on=needed)

        def job(role: str, spec: Manifest) -> Job:
            # A new name per content: a deletion takes time, and the pods of a Job cannot be changed.
            metadata = self._metadata(role, named=False, annotations={**_SKIP_AWAIT, **_FORCE})
            return Job(names.of(role), metadata=metadata, spec=spec, opts=replaced)

        return job(PREPARE_ROLE, jobs.prepare()), job(WORKER_ROLE, jobs.workers())


def _cluster_access(args: LoadTestArgs) -> ClusterAccess:
    """Return the access to the cluster that the Kubernetes provider uses, from the same settings."""
    config, preset = pulumi.Config("kubernetes"), args.providers.get("kubernetes", {})
    chosen = {key: config.get(key) or preset.get(key) or None for key in ClusterAccess.model_fields}
    access = ClusterAccess.model_validate(chosen)
    if any(pulumi.runtime.is_config_secret(f"kubernetes:{key}") for key in chosen):
        require_cluster_of_environment(access)
    return access


def _name_of(resource: ConfigMap | Secret | PersistentVolumeClaim) -> pulumi.Output[str]:
    name: pulumi.Output[str] = resource.metadata["name"]
    return name


def _known(job: Job, key: str) -> pulumi.Output[str]:
    """Return a key of a Job's metadata, such as its name or uid; empty in a preview, which creates no Job."""
    known: pulumi.Output[str] = job.metadata.apply(lambda metadata: metadata.get(key) or "")
    return known


def _digest(server: DatabaseSpec | None) -> str:
    """Return a digest of the server's specification, as a label: a changed server requires a new run."""
    return hashlib.sha256(server.model_dump_json().encode()).hexdigest()[:12] if server else ""


declare = KubernetesLoadTest
