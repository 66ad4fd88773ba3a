"""Tools for machines that cannot download. They are not part of the product."""
