"""Follow a run in progress: read its workers' output and display the fleet."""
