"""What an interrupted engine left: found by label and by folder, without the engine's own state."""
