"""The report as a page: one HTML file that loads nothing; its content security policy forbids it."""
