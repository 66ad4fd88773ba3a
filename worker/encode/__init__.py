"""Encode batches of rows for files and servers: one module and one encoder class per wire format.

`XxxEncoder(table)` is created once per table; its `encode(batch)` returns `Rows`. The bytes of a row depend on the row
alone and not on its batch, so that rows can be divided into batches anywhere.
"""
