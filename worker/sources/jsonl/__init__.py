"""JSON Lines files, a folder of part files per table."""
