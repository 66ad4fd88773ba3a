"""Names of people and their addresses, from vocabularies frozen beside this module."""

from functools import cache
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.schema.generators import Email, PersonName
from worker.generate.constants import gathered
from worker.generate.sampler import sampler
from worker.generate.site import ColumnFunction, Site
from worker.generate.stream import U64, RowNumbers

_DOMAINS = ("@example.com", "@example.net", "@example.org", "@mail.example.com")


def person_name(site: Site, _: PersonName) -> ColumnFunction:
    """One of all pairs of a first and a last name."""
    names = _pairs(" ")
    return gathered(names, sampler(site, len(names)))


def email(site: Site, _: Email) -> ColumnFunction:
    """`first.last`, the row counted from 1, and a domain: the count alone makes it unique, as no name has a digit."""
    local_parts, domains = _pairs("."), pa.array(_DOMAINS)
    who = gathered(local_parts, sampler(site, len(local_parts), purpose="local part"))
    where = gathered(domains, sampler(site, len(domains), purpose="domain"))
    return lambda rows: pc.binary_join_element_wise(who(rows), _counts(rows), where(rows), "")


def _counts(rows: RowNumbers) -> pa.Array:
    return pa.array(rows + U64(1)).cast(pa.string())


@cache
def _pairs(separator: str) -> pa.Array:
    """All 65,536 pairs; in lower case where the separator is a dot, as an address has them."""
    first, last = _words("first_names.txt"), _words("last_names.txt")
    one, other = np.divmod(np.arange(len(first) * len(last)), len(last))
    pairs = pc.binary_join_element_wise(first.take(pa.array(one)), last.take(pa.array(other)), separator)
    return pc.utf8_lower(pairs) if separator == "." else pairs


def _words(name: str) -> pa.Array:
    return pa.array(files("worker.generate.vocabularies").joinpath(name).read_text("utf-8").split("\n")[:-1])
