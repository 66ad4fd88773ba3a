"""Assemble a page: template, style, uPlot, our script and the data of the charts, as one HTML file.

The content security policy forbids it to load anything, and allows only the style and the two scripts, by their hashes.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import DictLoader, StrictUndefined
from jinja2 import Environment as Templates
from markupsafe import Markup

from aggregate.render import formatting

_TEMPLATES = ("macros.html.j2", "page.html.j2", "comparison.html.j2")
_STYLES = ("vendor/uPlot.min.css", "style.css")
_LIBRARY, _SCRIPT = "vendor/uPlot.iife.min.js", "page.js"


def document(
    template: str,
    charts: Sequence[Mapping[str, Any]],
    *,
    phases: Sequence[Mapping[str, Any]] = (),
    deaths: Sequence[Mapping[str, Any]] = (),
    **content: Any,
) -> str:
    """Return the page. All text is escaped; only our own files and the data are inserted as they are."""
    style = "\n".join(_file(name) for name in _STYLES)
    library, script = _file(_LIBRARY), _file(_SCRIPT)
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(library)} {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    templates = Templates(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible_text,
        loader=DictLoader({name: _file(name) for name in _TEMPLATES}),
    )
    text = templates.get_template(template).render(
        policy=policy,
        style=Markup(style),  # noqa: S704 - our own file
        library=Markup(library),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        data=_json({"charts": charts, "phases": phases, "deaths": deaths}),
        charts=charts,
        **content,
    )
    return text.strip() + "\n"


def _visible_text(value: object) -> object:
    """Make each text that the template inserts visible. Style, scripts and numbers stay as they are."""
    return formatting.line(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _file(name: str) -> str:
    return (files("aggregate.render.page") / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _json(data: Mapping[str, Any]) -> Markup:
    """Return JSON that no HTML parser reads as markup."""
    text = json.dumps(data, separators=(",", ":"))
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(text)  # noqa: S704 - without any character of markup
