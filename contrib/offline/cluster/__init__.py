"""A real single-node Kubernetes for tests and CI, next to the machine's Docker, built from Go modules and Debian packages.

    python -m contrib.offline.cluster build             build the binaries, cached by their content
    python -m contrib.offline.cluster start             start from nothing to a Ready node with working DNS
    python -m contrib.offline.cluster load IMAGE        copy an image from Docker into the cluster
    python -m contrib.offline.cluster kubeconfig        print the path of its kubeconfig
    python -m contrib.offline.cluster stop [--purge]    remove it from the machine; --purge also removes its state

It is a test cluster: one node, no volume provisioner, and NetworkPolicies are not enforced. With another cluster (kind,
minikube, a cloud's) it is not needed.
"""
