"""Dynamic resources, created by the program itself and not by a provider."""
