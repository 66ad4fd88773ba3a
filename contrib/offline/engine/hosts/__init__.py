"""The hosts that a built engine needs for Python; copied beside the `pulumi` binary, so independent of this project.

`python -m hosts` is the language host. It starts program.py and packages.py with the project's own Python, as files:
those two import nothing of this package.
"""
