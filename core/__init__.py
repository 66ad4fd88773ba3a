"""The contracts that the program, the worker and the report share.

Nothing here imports a database driver or Pulumi: every other package imports this one, and it imports none of them.
"""
