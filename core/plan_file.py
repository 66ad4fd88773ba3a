"""The content of a plan file: JSON, or gzip of it where a platform limits the size."""

import gzip

from core.plan import LoadPlan

_GZIP = b"\x1f\x8b"
"""The first bytes of a gzip file. No JSON text begins with them."""


def compressed_plan(plan: LoadPlan) -> bytes:
    """Return the compressed content, which depends on the plan alone: a time in it would make every `up` a change."""
    return gzip.compress(plan.model_dump_json().encode(), mtime=0)


def parse_plan(content: str | bytes) -> LoadPlan:
    """Return the plan. Raises ValidationError for invalid JSON; OSError, EOFError or zlib.error for invalid gzip."""
    if isinstance(content, bytes) and content.startswith(_GZIP):
        content = gzip.decompress(content)
    return LoadPlan.model_validate_json(content)
