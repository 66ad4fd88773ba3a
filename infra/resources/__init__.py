"""Dynamic resources: what no provider offers, created by the program itself."""
