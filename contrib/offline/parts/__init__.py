"""Programs built from Go modules, and the user's cache of them."""
