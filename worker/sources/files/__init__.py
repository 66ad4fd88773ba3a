"""Files: what all formats that write rows of text share."""
