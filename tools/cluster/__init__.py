"""A real single-node Kubernetes for tests and CI, beside the machine's Docker, made from Go modules and Debian packages.

    python -m tools.cluster build             the binaries, cached by their content
    python -m tools.cluster start             from nothing to a Ready node whose DNS answers
    python -m tools.cluster load IMAGE        an image from Docker into the cluster
    python -m tools.cluster kubeconfig        where its kubeconfig lies
    python -m tools.cluster stop [--purge]    leaves nothing behind on the machine; --purge forgets the cluster too

A test cluster: one node, no volume provisioner, nothing that enforces a NetworkPolicy. Whoever has another cluster
(kind, minikube, a cloud's) needs none of it.
"""
