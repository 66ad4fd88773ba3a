"""The Kubernetes platform: a server as a StatefulSet, and the workers as one Indexed Job."""

import kubernetes.client
import kubernetes.watch

# The client library loads its modules when they are first used, and they import each other. The engine's plugin loads
# several resources at once, in threads that could wait for each other's modules for ever. Each of them imports this package
# first, so that only one thread loads the library.
LIBRARY = (
    kubernetes.client.AppsV1Api,
    kubernetes.client.BatchV1Api,
    kubernetes.client.CoreV1Api,
    kubernetes.client.NetworkingV1Api,
    kubernetes.client.VersionApi,
    kubernetes.watch.Watch,
)
"""The classes that the platform uses."""
