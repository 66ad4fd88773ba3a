"""The engine's parts: the Go modules that they are built from, and the cache that stores them."""

from __future__ import annotations

from pathlib import Path

from contrib.offline.parts.cache import Cache

MODULES = Path(__file__).parent / "go"
CACHE = Cache("engine")
