"""Generate the data: value = f(seed, table, column, row), in whole columns.

Any rows can be generated, in time proportional to their number.
"""

from worker.arrow import arrow_schema, arrow_type
from worker.generate.dataset import Dataset, TableRows

__all__ = ["Dataset", "TableRows", "arrow_schema", "arrow_type"]
