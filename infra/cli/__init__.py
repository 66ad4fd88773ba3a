"""Commands that need no engine: plan, cleanup and the worker image."""
