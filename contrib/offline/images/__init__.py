"""Images of real servers, made from package registries, for a machine that pulls none."""
