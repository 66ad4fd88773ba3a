"""Writes the README's table of settings from the `config:` block of Pulumi.yaml, which is where they are documented."""

import sys
from pathlib import Path

import yaml

PROJECT = Path(__file__).parent.parent
_BEGIN, _END = "<!-- settings:", "<!-- /settings -->"


def settings_table(project: Path = PROJECT) -> str:
    """The table in Markdown."""
    config = yaml.safe_load((project / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    rows = ["| key | type | default | what it is |", "|---|---|---|---|"]
    for key, entry in config.items():
        default = entry.get("default", "by the preset")
        shown = "" if default in ("", []) else str(default).lower() if isinstance(default, bool) else str(default)
        rows.append(
            f"| `{key.removeprefix('loadtest:')}` | {entry.get('type', 'string')} | {shown} | {entry['description']} |"
        )
    return "\n".join(rows)


def readme_with_table(readme: str, table: str) -> str:
    """The README with the table between its two marks."""
    before, _, rest = readme.partition(_BEGIN)
    mark, _, rest = rest.partition("\n")
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{mark}\n{table}\n{_END}{after}"


def main() -> int:
    """Rewrite README.md."""
    readme = PROJECT / "README.md"
    readme.write_text(readme_with_table(readme.read_text(encoding="utf-8"), settings_table()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
