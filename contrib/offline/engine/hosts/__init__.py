"""The hosts for Python of an engine that was built here. They are copied to its folder and do not import this project.

`python -m hosts` is the language host. It starts the files program.py and packages.py with the project's own Python, so
those two import nothing from this package.
"""
