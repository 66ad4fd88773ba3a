"""MongoDB: the source, sinks, reader and errors."""
