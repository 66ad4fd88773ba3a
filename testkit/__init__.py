"""Code shared by the tests and the benchmarks: components, servers, sessions, and clones of the project."""
