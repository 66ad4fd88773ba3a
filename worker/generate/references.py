"""Foreign keys that hold: the parent's own function, at some row that the parent has."""

from core.schema.generators import Reference
from worker.generate.sampler import sampler
from worker.generate.site import ColumnFunction, Site


def reference(site: Site, generator: Reference) -> ColumnFunction:
    """The parent's column at one of its rows; each row of the parent once where this column is unique."""
    parent = site.function_of(generator.table, generator.column)
    if not site.rows:
        return parent
    sample = sampler(site, site.rows, generator.distribution)
    return lambda rows: parent(sample(rows))
