"""The result of a worker: what it counts while it runs, and how the result leaves the process."""
