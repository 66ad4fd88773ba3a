"""Scripts for developers and for make."""
