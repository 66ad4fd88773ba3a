"""Names of people and their addresses, from vocabularies frozen beside this module."""

from functools import cache
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spec.generators import Email, PersonName
from worker.generate.sampler import sampler
from worker.generate.site import ColumnFunction, Site
from worker.generate.stream import U64, below

_DOMAINS = pa.array(["@example.com", "@example.net", "@example.org", "@mail.example.com"])


def person_name(site: Site, _: PersonName) -> ColumnFunction:
    """One of all pairs of a first and a last name."""
    names = pairs(" ")
    sample = sampler(site, len(names))
    return lambda rows: names.take(pa.array(sample(rows).astype(np.int32)))


def email(site: Site, _: Email) -> ColumnFunction:
    """`first.last`, the row number and a domain: the number alone makes it unique, since no name holds a digit."""
    local_parts = pairs(".").cast(pa.string())
    who, where = sampler(site, len(local_parts)), site.stream("domain")

    def addresses(rows: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> pa.Array:
        return pc.binary_join_element_wise(
            local_parts.take(pa.array(who(rows).astype(np.int32))),
            pa.array(rows + U64(1)).cast(pa.string()),
            _DOMAINS.take(pa.array(below(where.draws(rows), len(_DOMAINS)).astype(np.int32))),
            "",
        )

    return addresses


@cache
def pairs(separator: str) -> pa.Array:
    """All 65,536 pairs; in lower case where the separator is a dot, as an address has them."""
    first, last = (_words(name) for name in ("first_names.txt", "last_names.txt"))
    joined = [f"{one}{separator}{other}" for one in first for other in last]
    return pa.array([pair.lower() for pair in joined] if separator == "." else joined)


def _words(name: str) -> list[str]:
    return files("worker.generate.vocabularies").joinpath(name).read_text("utf-8").split("\n")[:-1]
