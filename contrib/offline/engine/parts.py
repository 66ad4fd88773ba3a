"""The engine's parts: the Go modules they are built from, and where they are kept once built."""

from __future__ import annotations

from pathlib import Path

from contrib.offline.parts.cache import Cache

MODULES = Path(__file__).parent / "go"
CACHE = Cache("engine")
