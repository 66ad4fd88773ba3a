"""The commands: each adds its arguments to a parser, runs, and returns an exit code."""
