"""The settings of a stack: their types, the model, and what is read of them without an engine."""
