"""Verification: every row of a source is read back, found by its key, and compared with what the generator says.

Rows may come in any order. What is remembered is a byte for each row of the shard, and twelve more where the keys are
no consecutive numbers; cells are compared in whole columns of a batch and forgotten.
"""
