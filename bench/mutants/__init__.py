"""Faults put into the code on purpose, one at a time: the tests must catch each."""
