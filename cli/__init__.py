"""The `loadtest` command: one entry point for Pulumi and for the commands of the other packages."""
