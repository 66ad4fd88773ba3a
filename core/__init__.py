"""Code that the Pulumi program, the worker and the report share. It imports no database driver and no Pulumi."""
