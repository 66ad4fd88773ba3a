"""Run the declared workers: start them together, wait with a timeout, collect their results."""
