"""Schemas: the model, its types and generators, the files they are read from, and the checks before a run."""
