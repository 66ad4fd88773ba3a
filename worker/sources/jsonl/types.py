"""The JSON type of every kind of column in JSON Lines. Nothing is lost."""

from worker.sources.text_columns import JSON_TYPES

TYPES = JSON_TYPES
