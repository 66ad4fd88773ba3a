"""The generator dialect of surreal-sync: a table with an `id` and `fields`, each with a type and a generator."""

from core.schema.model import Column, Table
from core.schema.parsing.block import Block
from core.schema.parsing.names import checked_name
from core.schema.parsing.options import Options, make_column
from core.schema.parsing.types import parse_type

_TYPE = "write its type, like type: big_int"
_GENERATOR = "write how its values are made, like generator: {type: sequential, start: 1}"


def read_table(block: Block) -> Table:
    """A table with `id` and `fields`; the key's column is called id unless `id.name` says otherwise."""
    key_block = Block(block.place.in_column("id"), "id", block.require("id", "write the key, with type and generator"))
    key_name = "id"
    if "name" in key_block:
        key_name = checked_name(key_block.place, "name", key_block.text("name", "write the key's name"))
        key_block.place = block.place.in_column(key_name)
    columns = [_read_column(key_block, key_name, is_key=True)]
    fields = block.take("fields")
    fields = [] if fields is None else fields
    if not isinstance(fields, list):
        raise block.place.error(
            "fields", fields, "is no list", "write a list of fields, each with name, type and generator"
        )
    for number, item in enumerate(fields, start=1):
        field = Block(block.place.in_column(f"#{number}"), "fields", item)
        name = checked_name(field.place, "name", field.text("name", "write the field's name"))
        field.place = block.place.in_column(name)
        columns.append(_read_column(field, name, is_key=False))
    block.close()
    return Table(name=block.place.table, primary_key=key_name, columns=tuple(columns))


def _read_column(block: Block, name: str, *, is_key: bool) -> Column:
    type_ = parse_type(block.place, "type", block.require("type", _TYPE))
    options = Options.read(block)
    if options.generator is None:
        raise block.place.missing("generator", _GENERATOR)
    return make_column(name, type_, options.generator, options, is_key=is_key)
