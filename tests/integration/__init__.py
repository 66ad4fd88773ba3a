"""Tests of the whole program as users run it, with the real engine and real servers."""
