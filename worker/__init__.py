"""The program that runs in the container: it verifies what it was given, loads its rows, and reports."""
