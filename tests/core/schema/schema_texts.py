"""Short schema texts of one table, for tests of the parser."""

KEY = "{name: id, data_type: integer, primary_key: true}"
ID = "id: {type: big_int, generator: {type: sequential, start: 1}}"


def seed(*columns: str, key: str = "primary_key: id") -> str:
    """Return a table `t` of the columns dialect with an integer key and these columns."""
    lines = "\n".join(f"      - {column}" for column in (KEY, *columns))
    return f"tables:\n  - name: t\n    {key}\n    columns:\n{lines}\n"


def fields(*lines: str, head: str = ID) -> str:
    """Return a table `t` of the fields dialect with these fields."""
    items = "\n".join(f"      - {line}" for line in lines)
    return f"version: 1\ntables:\n  - name: t\n    {head}\n    fields:\n{items}\n"


def field(text: str) -> str:
    """Return a table with one field `c`, from a flow mapping without its name."""
    return fields("{name: c, " + text + "}")
