"""The environment variables that a platform sets for the worker program, and the mark of a checkout's own processes."""

CONNECTION_VARIABLE = "LOADTEST_CONNECTION_STRING"
STACK_VARIABLE = "LOADTEST_STACK"
"""Names the stack that output files belong to."""
OUTPUT_KEY_VARIABLE = "LOADTEST_OUTPUT_KEY"
"""Names the setting that decides where output files are, for messages."""
CHECKOUT_VARIABLE = "LOADTEST_CHECKOUT"
"""Names the checkout for which a process of Pulumi was started; `tools/pulumi` sets it."""
