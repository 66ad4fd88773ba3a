"""A usable Pulumi engine, also where the published CLI and its plugins cannot be downloaded.

`python -m contrib.offline.engine` prints the folder that holds `pulumi`. Users of the published CLI need none of it.
"""
