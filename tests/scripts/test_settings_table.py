"""The README documents every setting, as Pulumi.yaml has it."""

from scripts.settings_table import PROJECT, readme_with_table, settings_table


def test_the_readme_has_the_table_of_the_settings() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert settings_table() in readme, "run `python -m scripts.settings_table`"
    assert readme_with_table(readme, settings_table()) == readme
