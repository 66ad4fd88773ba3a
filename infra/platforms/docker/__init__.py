"""The Docker platform: its component, the runner of its containers, and their cleanup."""
