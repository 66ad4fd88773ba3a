"""Errors of building images."""


class ImageError(Exception):
    """An image, or something in it, could not be built. The message has the remedy."""
