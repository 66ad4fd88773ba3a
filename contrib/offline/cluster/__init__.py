"""A real single-node Kubernetes for tests and CI, beside the machine's Docker, made from Go modules and Debian packages.

    python -m contrib.offline.cluster build             the binaries, cached by their content
    python -m contrib.offline.cluster start             from nothing to a Ready node whose DNS answers
    python -m contrib.offline.cluster load IMAGE        an image from Docker into the cluster
    python -m contrib.offline.cluster kubeconfig        where its kubeconfig lies
    python -m contrib.offline.cluster stop [--purge]    leaves nothing behind on the machine; --purge forgets the cluster too

A test cluster: one node, no volume provisioner, nothing that enforces a NetworkPolicy. Whoever has another cluster
(kind, minikube, a cloud's) needs none of it.
"""
