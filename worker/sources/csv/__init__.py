"""CSV files, a folder of part files per table."""
