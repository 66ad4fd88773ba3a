"""The program that runs in the container: it checks its arguments, loads its rows, and reports."""
