"""The result of a worker: counters, progress lines, exit status, and where the result is written."""
