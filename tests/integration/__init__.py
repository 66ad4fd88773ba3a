"""The whole program, run as a user runs it: by the real engine, with real servers."""
