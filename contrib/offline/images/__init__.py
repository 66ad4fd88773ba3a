"""Images of real servers, built from package registries, for machines that cannot pull images."""
