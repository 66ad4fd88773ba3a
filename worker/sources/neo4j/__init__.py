"""Neo4j: the source, its DDL, sinks, reader and errors."""
