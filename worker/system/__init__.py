"""The environment of a worker: its limits, and the process that started it."""
