"""What a column may say in either dialect beside its name and type."""

from dataclasses import dataclass

from core.schema.generators import Generator, Null, OneOf, Static, Template
from core.schema.location import Place
from core.schema.model import Column
from core.schema.parsing.block import Block
from core.schema.parsing.generator import parse_generator, parse_reference
from core.schema.placeholders import template_parts
from core.schema.types import DataType


@dataclass(frozen=True)
class Options:
    """`nullable`, `null_ratio`, `unique`, and one of `generator`, `references` and `template`."""

    generator: Generator | None
    nullable: bool
    unique: bool
    null_ratio: float

    @classmethod
    def read(cls, block: Block) -> "Options":
        """Read them all; refuse two sources of values, NULLs in a column that says it has none, and unknown keys."""
        place = block.place
        sources = [key for key in ("generator", "references", "template") if key in block]
        if len(sources) > 1:
            raise place.error(sources[1], block.take(sources[1]), f"stands beside {sources[0]}", "keep one of the two")
        generator: Generator | None = None
        if (value := block.take("generator")) is not None:
            generator = parse_generator(place, "generator", value)
        elif (value := block.take("references")) is not None:
            generator = parse_reference(place, value)
        elif "template" in block:
            generator = _template(place, block.text("template", "write text like '{first_name}@{domain}'"))
        nullable, unique, null_ratio = block.flag("nullable"), block.flag("unique"), block.ratio("null_ratio")
        has_nulls = null_ratio > 0 or _gives_null(generator)
        if nullable is False and has_nulls:
            raise place.error("nullable", nullable, "is not so: the column has NULLs", "write nullable: true")
        block.close()
        return cls(generator, nullable is True or has_nulls, unique is True, null_ratio)


def make_column(name: str, type_: DataType, generator: Generator, options: Options, *, is_key: bool) -> Column:
    """A column of these parts; a primary key is unique by definition."""
    return Column(
        name=name,
        type=type_,
        nullable=options.nullable,
        unique=options.unique or is_key,
        null_ratio=options.null_ratio,
        generator=generator,
    )


def _template(place: Place, text: str) -> Template:
    try:
        template_parts(text)
    except ValueError as error:
        raise place.complaint("template", text, error) from None
    return Template(template=text)


def _gives_null(generator: Generator | None) -> bool:
    """True for a generator that says null itself: there the column is nullable without further words."""
    match generator:
        case Null() | Static(value=None):
            return True
        case OneOf(values=values):
            return None in values
        case _:
            return False
