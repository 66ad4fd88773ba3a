"""Parse both dialects of schema files into one model."""
