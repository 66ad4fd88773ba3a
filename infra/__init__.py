"""Declare the resources of a load test with Pulumi, and run its workers. No database driver is imported here."""
