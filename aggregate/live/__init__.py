"""A run while it goes on: what its workers write, and how that looks."""
