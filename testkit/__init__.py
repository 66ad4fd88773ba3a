"""What the tests and the benchmarks share: components, servers, sessions, and clones of the project."""
