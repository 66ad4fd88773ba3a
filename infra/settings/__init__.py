"""The settings of a stack: their types, the model, and the configuration that they are read from."""
