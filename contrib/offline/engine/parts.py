"""The engine's parts: the Go modules that they are built from, and the cache in which they are stored."""

from __future__ import annotations

from pathlib import Path

from contrib.offline.parts.cache import Cache

MODULES = Path(__file__).parent / "go"
CACHE = Cache("engine")
