"""End the program with an error after a run that failed, once the stack's outputs are recorded.

The report decides whether a run failed (its JSON and exit code are a published contract); the setting `failOn` decides which
failures Pulumi reports.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pulumi

from core.errors import ExitCode
from core.process import loadtest_command
from infra.platforms.base import LoadTest, LoadTestArgs
from infra.settings.model import FailOn

_REPORT = ("-m", "aggregate", "report", "-", "--output-format", "json")
_FAILING: Mapping[FailOn, frozenset[int]] = {
    FailOn.NEVER: frozenset(),
    FailOn.FAILURE: frozenset({ExitCode.FAILED, ExitCode.DIFFERENCE}),
    FailOn.THRESHOLD: frozenset({ExitCode.FAILED, ExitCode.DIFFERENCE, ExitCode.THRESHOLD}),
}


def judge(args: LoadTestArgs, load_test: LoadTest) -> None:
    """Fail after the run if its fleet has an error, or if the report and `failOn` ask for it. A preview never fails.

    The SDK reports an exception in `apply` after all of its calls have returned, the one with the stack's outputs included.
    The output `failedAt` shows the report that they are those of the update that failed.
    """
    if pulumi.runtime.is_dry_run():
        return
    fleet = load_test.fleet

    def problem_of(outputs: Mapping[str, Any]) -> str:
        if outputs["error"]:
            return str(outputs["error"])
        failing = _FAILING[args.settings.fail_on]
        if failing and (problem := failure_of(args.plan.model_dump_json(), outputs["results"], failing, args.project)):
            return f"{problem}; {_remedy(args.stack)}"
        if outputs["succeeded"] is False:
            pulumi.log.warn(f"a worker failed; {_remedy(args.stack)}")
        return ""

    problem = pulumi.Output.all(error=fleet.error, results=fleet.results, succeeded=fleet.succeeded).apply(problem_of)
    pulumi.export("failedAt", problem.apply(lambda text: datetime.now(UTC).isoformat() if text else ""))
    problem.apply(_fail)


def _fail(problem: str) -> None:
    if problem:
        raise pulumi.RunError(problem)


def failure_of(plan: str, results: object, failing: frozenset[int], project: Path) -> str:
    """Return why the report of a run ends with one of the `failing` exit codes; empty if it does not."""
    run = json.dumps({"plan": plan, "results": results})
    command = [sys.executable, *_REPORT]
    done = subprocess.run(command, cwd=project, input=run, capture_output=True, text=True, check=False)
    if done.returncode not in failing:
        return ""
    report = json.loads(done.stdout) if done.stdout.startswith("{") else {}
    return _reason(report) or done.stderr.strip() or "the run failed"


def _reason(report: Mapping[str, Any]) -> str:
    failed = [line for line in report.get("workers", ()) if line["reason"]]
    if failed:
        others = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        return f"{failed[0]['worker_id']}{others}: {failed[0]['reason']}"
    if (found := report.get("verification")) and (found["missing"] or found["mismatched"] or found["extra"]):
        return f"verification found {found['missing']} missing, {found['mismatched']} different and {found['extra']} extra rows"
    broken = [judged["threshold"] for judged in report.get("thresholds", ()) if not judged["held"]]
    return f"threshold failed: {', '.join(broken)}" if broken else ""


def _remedy(stack: str) -> str:
    return f"see {loadtest_command('report', stack)}, and run again with {loadtest_command('up', stack)} --again"
