"""What happens, as opposed to what exists: the workers are started together, awaited with a bound, and heard out."""
