"""Declare a load test on a Docker engine: a network, the server, and workers that the fleet starts."""

from pathlib import Path

import pulumi
import pulumi_docker as docker

from core.errors import RunError
from core.labels import (
    DATABASE_ROLE,
    INSTANCE_LABEL,
    PREPARE_ROLE,
    ROLES_LABEL,
    SERVER_LABEL,
    STACK_LABEL,
    WORKER_LABEL,
)
from core.process import (
    CONNECTION_VARIABLE,
    DATA_FOLDER,
    OUTPUT_FOLDER,
    PLAN_FILE,
    PLAN_FOLDER,
    RESULTS_FOLDER,
    STACK_VARIABLE,
    START_FILE,
    START_VARIABLE,
    WORKER_USER,
    prepare_arguments,
    worker_arguments,
)
from core.units import MIB
from infra.databases.spec import DatabaseSpec
from infra.fleet.resource import Fleet
from infra.ownership import checked
from infra.platforms.base import LoadTestArgs, connection_of, endpoint_of
from infra.platforms.docker.checks import check_images, check_names
from infra.platforms.docker.cleanup import OrphanCleanup
from infra.platforms.docker.client import DockerNames, connect
from infra.platforms.docker.instance import DockerGuardProvider, DockerInstanceProvider
from infra.platforms.docker.server import published_connection
from infra.resources.guard import declare_guards
from infra.resources.identity import Instance
from infra.worker_image import DOCKERFILE, image_name

_SERVER_CAPABILITIES = ("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_SETGID", "CAP_SETUID")
"""Required by the official images' entrypoints, which change the owner of the data and then the user.

The engine returns them with the prefix: without it, a stack would differ after `pulumi refresh`.
"""


class DockerLoadTest(pulumi.ComponentResource):
    """A load test on a Docker engine."""

    fleet: Fleet
    endpoint: pulumi.Output[str]
    connection_string: pulumi.Output[str]

    def __init__(self, name: str, args: LoadTestArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("loadtest:docker:LoadTest", name, None, opts)
        check_images(args)
        self._args = args
        roles = [
            *([DATABASE_ROLE] if args.database else []),
            PREPARE_ROLE,
            *(worker.id for worker in args.plan.workers),
        ]
        self._names = names = DockerNames(name, roles)
        self._own = pulumi.ResourceOptions(parent=self)
        instance = Instance(f"{name}-instance", args.stack, self._own, DockerInstanceProvider())
        self._instance = checked(instance.mark, lambda mark: check_names(args, names, mark))
        self._network = docker.Network(
            f"{name}-network",
            name=names.prefix,
            # Internal unless a published port or an existing server needs a route.
            internal=args.database is not None and not args.settings.keep_database_port,
            labels=[docker.NetworkLabelArgs(label=key, value=value) for key, value in self._stack_labels().items()],
            opts=self._own,
        )
        self._orphan_cleanup = OrphanCleanup(
            f"{name}-orphan-cleanup",
            args.stack,
            self._instance,
            pulumi.ResourceOptions(parent=self, depends_on=[self._network]),
        )
        self._plan_volume = self._volume(f"{name}-plan", names.plan_volume)
        self._results_volume = self._volume(f"{name}-results", names.results_volume)
        image = self._worker_image(f"{name}-worker-image")
        database = self._database(f"{name}-database", args.database) if args.database else None
        self._connection = connection_of(
            args,
            server=lambda database: args.password.apply(
                lambda password: database.connection_string(password, DATABASE_ROLE)
            ),
            folder=Path(OUTPUT_FOLDER).as_uri(),
        )
        prepare = self._worker(f"{name}-prepare", PREPARE_ROLE, image, prepare_arguments(PLAN_FILE), database)
        workers = {
            worker.id: self._worker(
                f"{name}-{worker.id}", worker.id, image, worker_arguments(PLAN_FILE, index), database
            )
            for index, worker in enumerate(args.plan.workers)
        }
        self.fleet = Fleet(
            f"{name}-fleet",
            "docker",
            args.plan,
            {
                "prepare": prepare.id,
                "plan_file": PLAN_FILE,
                "workers": {worker: container.id for worker, container in workers.items()},
                "output_in_container": OUTPUT_FOLDER,
                "output_dir": args.settings.output_dir or "",
                "stack": args.stack,
                "database": database.id if database else "",
            },
            pulumi.ResourceOptions(parent=self, depends_on=[prepare, *workers.values()]),
        )
        self.connection_string = self._connection
        if database and args.database and args.settings.keep_database_port:
            self.connection_string = self._published(database, args.database)
        self.endpoint = endpoint_of(args, self.connection_string)
        created = [self._plan_volume, self._results_volume, prepare, *workers.values()]
        declare_guards(DockerGuardProvider(), name, args.stack, self._instance, self, created, self.fleet)
        self.register_outputs({"endpoint": self.endpoint, "results": self.fleet.results})

    def _stack_labels(self) -> dict[str, pulumi.Input[str]]:
        """Return the labels of resources that stay from run to run."""
        return {STACK_LABEL: self._args.stack, INSTANCE_LABEL: self._instance}

    def _volume(self, name: str, volume: str) -> docker.Volume:
        marked = {**self._args.labels, **self._stack_labels()}
        labels = [docker.VolumeLabelArgs(label=key, value=value) for key, value in marked.items()]
        # After the network: Docker refuses a second network of the same name, but would share a volume.
        return docker.Volume(name, name=volume, labels=labels, opts=self._replaced([self._orphan_cleanup]))

    def _replaced(self, depends_on: list[pulumi.Resource]) -> pulumi.ResourceOptions:
        """Return options that delete the old resource first: the names are fixed."""
        return pulumi.ResourceOptions(parent=self, delete_before_replace=True, depends_on=depends_on)

    def _labels(self, **more: pulumi.Input[str]) -> list[docker.ContainerLabelArgs]:
        labels: dict[str, pulumi.Input[str]] = {**self._args.labels, **self._stack_labels(), **more}
        return [docker.ContainerLabelArgs(label=key, value=value) for key, value in sorted(labels.items())]

    def _worker_image(self, name: str) -> pulumi.Output[str]:
        """Return the name of the chosen image, or of one that is built here, once per content."""
        settings = self._args.settings
        if settings.worker_image is not None:
            return pulumi.Output.from_input(settings.worker_image)
        image = docker.RemoteImage(
            name,
            name=image_name(self._args.project, settings.worker_base_image),
            build=docker.RemoteImageBuildArgs(
                # The provider's working directory is the project. An absolute path would differ between checkouts.
                context=".",
                dockerfile=DOCKERFILE,
                build_args={"BASE": settings.worker_base_image},
            ),
            # A cache: the next run of the same files needs no build.
            keep_locally=True,
            # Built again if it was removed: then the instance is a new one.
            triggers={"instance": self._instance},
            # After the check of the names. In a preview, where the instance is unknown, the check has run as well.
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._instance.apply(lambda _: [], True)),
        )
        return image.name

    def _database(self, name: str, database: DatabaseSpec) -> docker.Container:
        plain = [f"{key}={value}" for key, value in sorted(database.environment_at(DATABASE_ROLE).items())]
        environment = self._args.password.apply(
            lambda password: [
                *plain,
                *(f"{key}={text}" for key, text in sorted(database.secrets(password).items())),
            ]
        )
        published = docker.ContainerPortArgs(internal=database.port, ip="127.0.0.1")
        return docker.Container(
            name,
            name=self._names.container(DATABASE_ROLE),
            image=database.image,
            command=list(database.arguments) or None,
            envs=environment,
            networks_advanced=[docker.ContainerNetworksAdvancedArgs(name=self._network.name, aliases=[DATABASE_ROLE])],
            ports=[published] if self._args.settings.keep_database_port else None,
            cpus=str(database.cpu),
            memory=database.memory // MIB,
            memory_swap=database.memory // MIB,
            tmpfs={database.data_directory: _tmpfs(database.tmpfs, database.tmpfs_options)} if database.tmpfs else None,
            capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"], adds=list(_SERVER_CAPABILITIES)),
            security_opts=["no-new-privileges:true"],
            healthcheck=docker.ContainerHealthcheckArgs(
                tests=["CMD", *database.health_command], interval="2s", timeout="10s", retries=30, start_period="2m0s"
            ),
            # The fleet starts it, waits for its health, and notices when it ends.
            start=False,
            must_run=False,
            destroy_grace_seconds=30,
            labels=self._labels(**{WORKER_LABEL: DATABASE_ROLE}),
            opts=self._replaced([self._orphan_cleanup]),
        )

    def _published(self, container: docker.Container, database: DatabaseSpec) -> pulumi.Output[str]:
        """Return the connection string for programs on this machine, or the workers' if the server does not run."""

        def connection(password: str, identity: str, internal: str) -> str:
            try:
                engine = connect(self._args.stack, self._args.project)
                return published_connection(engine, identity, database, password) or internal
            except RunError:
                return internal

        # After the run: the engine chooses the port when the fleet starts the server.
        given = pulumi.Output.all(self._args.password, container.id, self._connection, self.fleet.execution_id)
        return pulumi.Output.secret(given.apply(lambda known: connection(*known[:3])))

    def _worker(
        self,
        name: str,
        worker_id: str,
        image: pulumi.Output[str],
        arguments: list[str],
        database: docker.Container | None,
    ) -> docker.Container:
        """Declare a container that is not started: the fleet starts all of them together."""
        limits = self._args.plan.limits
        tmpfs = limits.tmpfs if limits else None
        owned = f"uid={WORKER_USER},gid={WORKER_USER},mode=0700"
        stack = self._args.stack
        prepares = worker_id == PREPARE_ROLE
        waits = [] if prepares else [f"{START_VARIABLE}={START_FILE}"]
        environment = self._connection.apply(
            lambda text: [f"{CONNECTION_VARIABLE}={text}", f"{STACK_VARIABLE}={stack}", *waits]
        )
        return docker.Container(
            name,
            name=self._names.container(worker_id),
            hostname=worker_id,
            image=image,
            command=arguments,
            envs=environment,
            start=False,
            must_run=False,
            networks_advanced=[docker.ContainerNetworksAdvancedArgs(name=self._network.name)],
            cpus=str(limits.cpu) if limits else None,
            memory=limits.memory // MIB if limits else None,
            memory_swap=limits.memory // MIB if limits else None,
            tmpfs={DATA_FOLDER: _tmpfs(tmpfs, owned)} if tmpfs else None,
            volumes=[
                docker.ContainerVolumeArgs(
                    volume_name=self._plan_volume.name, container_path=PLAN_FOLDER, read_only=not prepares
                ),
                docker.ContainerVolumeArgs(volume_name=self._results_volume.name, container_path=RESULTS_FOLDER),
            ],
            user=f"{WORKER_USER}:{WORKER_USER}",
            read_only=True,
            capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
            security_opts=["no-new-privileges:true"],
            # A replaced server requires a new run.
            labels=self._labels(
                **{WORKER_LABEL: worker_id, SERVER_LABEL: database.id if database else ""},
                **({ROLES_LABEL: ",".join(self._names.roles)} if prepares else {}),
            ),
            opts=self._replaced([self._orphan_cleanup, *([database] if database else [])]),
        )


def _tmpfs(size: int, options: str) -> str:
    return ",".join(part for part in (f"size={size}", options) if part)


declare = DockerLoadTest
