"""Provide a Pulumi engine, even if the published CLI and its plugins cannot be downloaded.

`python -m contrib.offline.engine` prints the folder that contains `pulumi`. It is not needed with the published CLI.
"""
