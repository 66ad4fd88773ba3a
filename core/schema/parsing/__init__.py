"""The two ways to write a schema down, read into one model: a table has `columns`, or an `id` and `fields`."""
