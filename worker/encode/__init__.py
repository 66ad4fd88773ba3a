"""Whole batches of rows in the bytes that files and servers take: one module a wire format, one encoder class each.

An encoder is made once for a table, `XxxEncoder(table)`, and `encode(batch)` gives `Rows`. A row's bytes depend on the
row alone, never on the batch it came in, so that work can be cut anywhere.
"""
