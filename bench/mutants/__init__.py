"""Mutation tests: put one fault at a time into the code, and check that a test fails."""
