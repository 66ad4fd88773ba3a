"""Kubernetes: the same plan as objects of a cluster, with one Indexed Job for the fleet."""
