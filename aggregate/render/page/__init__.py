"""The report as a page: one HTML file without scripts, which loads nothing, by its content security policy."""
