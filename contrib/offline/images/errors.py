"""What can go wrong while an image is made."""


class ImageError(Exception):
    """An image, or something that goes into it, could not be made. The message says what to do."""
