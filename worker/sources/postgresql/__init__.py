"""PostgreSQL: the source, its DDL, sinks, reader and errors."""
