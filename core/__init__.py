"""What the Pulumi program, the worker and the report share. This package imports no database driver and no Pulumi."""
