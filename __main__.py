"""The Pulumi program: settings, plan, platform, outputs."""

from pathlib import Path

import pulumi

from core.errors import LoadtestError
from infra.outputs import export
from infra.program import declare

try:
    export(*declare(Path(__file__).parent))
except LoadtestError as error:
    raise pulumi.RunError(str(error)) from None
