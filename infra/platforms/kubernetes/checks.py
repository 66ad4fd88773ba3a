"""What can be known to be wrong before anything is created: settings that do not fit, a cluster that does not answer."""

import pulumi

from core.errors import RunError, SettingsError
from core.kubeconfig import ClusterAccess
from infra.platforms.kubernetes.client import Cluster
from infra.settings.model import NAMESPACE, Settings

_OUTPUT_DIR = (
    f"{NAMESPACE}:outputDir: is a folder of this machine, which a cluster's pods cannot write to; remove it, and name "
    f"a volume claim by {NAMESPACE}:outputStorage to keep the files"
)
_PORT = (
    f"{NAMESPACE}:keepDatabasePort: is for this machine's own servers; remove it, and reach the server by "
    "`kubectl port-forward`"
)


def cluster_access() -> ClusterAccess:
    """As the Kubernetes provider's own configuration has it."""
    config = pulumi.Config("kubernetes")
    return ClusterAccess(kubeconfig=config.get("kubeconfig") or None, context=config.get("context") or None)


def refuse_misfits(settings: Settings) -> None:
    """Raises SettingsError for a setting that means nothing on a cluster, or that lacks another one."""
    if settings.output_dir is not None:
        raise SettingsError(_OUTPUT_DIR)
    if settings.keep_database_port:
        raise SettingsError(_PORT)
    if settings.namespace is None:
        for key, value in (("outputStorage", settings.output_storage), ("imagePullSecret", settings.image_pull_secret)):
            if value is not None:
                raise SettingsError(
                    f"{NAMESPACE}:{key}: {value!r} is looked for in a namespace that is there already; "
                    f"name that by {NAMESPACE}:namespace"
                )


def require_cluster(access: ClusterAccess, settings: Settings) -> None:
    """Raises SettingsError, in one line, for a cluster that does not answer or an object that is not in it."""
    try:
        with Cluster(access) as cluster:
            cluster.require()
            if settings.namespace is not None:
                cluster.require_namespace(settings.namespace, f"{NAMESPACE}:namespace")
                if settings.output_storage is not None:
                    cluster.require_claim(settings.namespace, settings.output_storage, f"{NAMESPACE}:outputStorage")
    except RunError as error:
        raise SettingsError(str(error)) from None
