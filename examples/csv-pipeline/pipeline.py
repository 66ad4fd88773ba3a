"""A pipeline to test: read the orders from CSV files and print the number and amount per status, as JSON.

Usage: python examples/csv-pipeline/pipeline.py FOLDER
"""

import csv
import json
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path


def totals(folder: Path) -> dict[str, dict[str, str]]:
    """Return count and sum of amount per status, over all part files of the table `orders`."""
    counts: dict[str, int] = defaultdict(int)
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for part in sorted((folder / "orders").glob("part-*.csv")):
        with part.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                counts[row["status"]] += 1
                amounts[row["status"]] += Decimal(row["amount"])
    return {status: {"orders": str(counts[status]), "amount": str(amounts[status])} for status in sorted(counts)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(totals(Path(sys.argv[1])), indent=2) + "\n")
