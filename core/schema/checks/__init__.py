"""Checks of a schema as a whole, and of what each store can hold."""
