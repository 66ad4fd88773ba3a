"""The report as a page: one HTML file without scripts; its content security policy forbids it to load anything."""
