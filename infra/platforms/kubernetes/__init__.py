"""The Kubernetes platform: a server as a StatefulSet, and the workers as one Indexed Job."""
