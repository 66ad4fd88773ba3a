"""The Pulumi side: what a load test needs is declared here, and no database driver is imported."""
