"""Programs built from Go modules for the tools, kept in the user's cache of built parts."""
