"""Verification: read back every row of a source, find it by its key, and compare it with the generated row.

Rows may come in any order. The memory needed is one byte per row of the shard, and 12 more if the keys are not consecutive
numbers; cells are compared in whole columns of a batch and not stored.
"""
