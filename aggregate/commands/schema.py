"""The published form of the JSON report, as a JSON Schema."""

import argparse
import json

from aggregate.commands.report import write
from aggregate.report import Report
from core.errors import ExitCode

HELP = "the JSON Schema of the JSON report"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None: there is one schema."""
    parser.set_defaults(output=None)


def run(arguments: argparse.Namespace) -> int:
    """Print the schema."""
    write(published(), arguments.output)
    return ExitCode.OK


def published() -> str:
    """The schema's text, as it stands in the docs."""
    schema = Report.model_json_schema(mode="serialization")
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"
