"""The Kubernetes runner: Jobs that the program declared are released, watched and heard through the API."""
