"""The environment of a worker: the limits that it was given, and the process that started it."""
