"""Check the options of a connection string by the source's declaration, before a driver reads them."""

import difflib
import re

from core.connection import Connection
from core.errors import Complaints, InputError
from core.stores import Capabilities

_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")
_LISTED = 6
"""How many names or values a message lists."""


def check_options(at: Connection, source: Capabilities) -> None:
    """Raise InputError with every option that the source does not have, has twice, or does not have with this value."""
    complaints = Complaints()
    known = {_folded(name, source): name for name in source.options}
    seen: set[str] = set()
    for written, value in at.options:
        with complaints.collect():
            name = known.get(_folded(written, source))
            if name is None:
                remedy = _remedy(written, known, source)
                if "://" not in at.text:
                    # After a password with a space and without quotes, the name may be a part of the password.
                    raise InputError(f"{at.key}: one of the keywords is not known; {remedy}")
                raise InputError.of(f"{at.key}: option", written, "is not known", remedy)
            option = source.options[name]
            if name in seen and not option.repeats:
                raise InputError.of(f"{at.key}: option", written, "is given twice", "write it once")
            seen.add(name)
            if option.is_number and not _NUMBER.fullmatch(value.strip()):
                raise InputError.of(f"{at.key}: {written}", value, "is not a number", f"write one like {written}=10")
            compared = {each.lower() if option.any_case else each for each in option.values}
            if compared and (value.lower() if option.any_case else value) not in compared:
                values = ", ".join(option.values)
                raise InputError.of(f"{at.key}: {written}", value, "is not a valid value", f"use one of {values}")
    complaints.finish()


def _folded(name: str, source: Capabilities) -> str:
    return name.lower() if source.options_in_any_case else name


def _remedy(written: str, known: dict[str, str], source: Capabilities) -> str:
    nearest = difflib.get_close_matches(_folded(written, source), known, n=1)
    if nearest:
        return f"did you mean {known[nearest[0]]}?"
    if len(known) <= _LISTED:
        return f"write one of {', '.join(known.values())}"
    return f"see the options of {source.name} in docs/sources.md"
