"""Frozen lists of first and last names. Changing a word changes every user's data."""
