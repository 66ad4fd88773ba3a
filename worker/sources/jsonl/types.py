"""The JSON type of every kind of column in JSON Lines. Nothing is lost."""

from worker.sources.json_rows import JSON_TYPES

TYPES = JSON_TYPES
