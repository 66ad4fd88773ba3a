"""The page: one self-contained HTML file. It has no script and loads nothing, by its own content security policy."""
