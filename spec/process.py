"""The environment variables that a platform sets for the worker program."""

CONNECTION_VARIABLE = "LOADTEST_CONNECTION_STRING"
STACK_VARIABLE = "LOADTEST_STACK"
"""Names the stack that output files belong to."""
OUTPUT_KEY_VARIABLE = "LOADTEST_OUTPUT_KEY"
"""Names the setting that decides where output files are, for messages."""
