"""Machinery of machines that cannot download: contributed, and no part of the product."""
