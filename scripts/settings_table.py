"""Write the table of settings in docs/settings.md from the `config:` block of Pulumi.yaml, where each key is described."""

import sys
from pathlib import Path

import yaml

PROJECT = Path(__file__).parent.parent
PAGE = PROJECT / "docs" / "settings.md"
_BEGIN, _END = "<!-- settings:", "<!-- /settings -->"


def settings_table(project: Path = PROJECT) -> str:
    """Return the table in Markdown."""
    config = yaml.safe_load((project / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    rows = ["| key | type | default | description |", "|---|---|---|---|"]
    for key, entry in config.items():
        name = key.removeprefix("loadtest:")
        kind = entry.get("type") or ("string" if entry.get("secret") else "list")
        rows.append(f"| `{name}` | {kind} | {_default(entry)} | {entry['description']} |")
    return "\n".join(rows)


def page_with_table(page: str, table: str) -> str:
    """Return the page with the table between its two marks."""
    before, _, rest = page.partition(_BEGIN)
    mark, _, rest = rest.partition("\n")
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{mark}\n{table}\n{_END}{after}"


def main() -> int:
    """Rewrite docs/settings.md."""
    PAGE.write_text(page_with_table(PAGE.read_text(encoding="utf-8"), settings_table()), encoding="utf-8")
    return 0


def _default(entry: dict[str, object]) -> str:
    default = entry.get("default", "")
    if default in ("", []):
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)


if __name__ == "__main__":
    sys.exit(main())
