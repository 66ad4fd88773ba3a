"""The commands of the worker program: prepare, load, generate and schema."""
