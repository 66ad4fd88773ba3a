"""The local platform: an embedded server and workers as processes on this machine, with limits if the user may set them."""
