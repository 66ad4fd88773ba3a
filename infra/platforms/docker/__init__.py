"""The Docker platform: a network, a server and workers as containers."""
