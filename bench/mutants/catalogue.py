"""The faults: twenty of different kinds, each a replacement of one text in one file, with the tests that must catch it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """A fault. In `file`, `old`, which occurs once, is replaced by `new`. `tests` are paths or ids for pytest."""

    name: str
    file: str
    old: str
    new: str
    tests: Sequence[str]


MUTANTS: Sequence[Mutant] = (
    Mutant(
        "CPU quota twice the limit",
        "infra/platforms/local/limits.py",
        "int(cpu * _PERIOD_MICROSECONDS)",
        "int(cpu * 2 * _PERIOD_MICROSECONDS)",
        ("tests/infra/platforms/local/test_limits.py",),
    ),
    Mutant(
        "shard off by one row",
        "core/plan.py",
        "(name, first + taken, rows - taken)",
        "(name, first + taken + 1, rows - taken)",
        ("tests/core/test_plan.py",),
    ),
    Mutant(
        "NULL as text in CSV",
        "worker/encode/csv.py",
        'null=b"",',
        'null=b"NULL",',
        ("tests/worker/encode/test_encoders.py", "tests/worker/encode/test_csv.py"),
    ),
    Mutant(
        "tab not escaped for COPY and LOAD DATA",
        "worker/encode/encoder.py",
        'rb"\\t"',
        'b"\\t"',
        ("tests/worker/encode",),
    ),
    Mutant(
        "difference ends with the code of a failure",
        "aggregate/totals.py",
        "return ExitCode.DIFFERENCE",
        "return ExitCode.FAILED",
        ("tests/aggregate",),
    ),
    Mutant(
        "wall clock from the last start",
        "aggregate/totals.py",
        "wall = max(ends) - min(starts) if work",
        "wall = max(ends) - max(starts) if work",
        ("tests/aggregate",),
    ),
    Mutant(
        "latencies of one worker only",
        "aggregate/latency.py",
        "by_layout[layout].add(decoded)",
        "by_layout[layout] = decoded",
        ("tests/aggregate",),
    ),
    Mutant(
        "extra rows not counted",
        "worker/verify/row_comparison.py",
        "self._diff.extra += len(places)",
        "self._diff.extra += 0 * len(places)",
        ("tests/worker/verify",),
    ),
    Mutant(
        "doubled rows taken for the first",
        "worker/verify/row_comparison.py",
        "is_first[firsts] = self._states[offsets[own[firsts]]] == UNSEEN",
        "is_first[firsts] = True",
        ("tests/worker/verify/test_batches.py",),
    ),
    Mutant(
        "Mi read as a million bytes",
        "core/units.py",
        '"Mi": MIB',
        '"Mi": 10**6',
        ("tests/core/test_units.py",),
    ),
    Mutant(
        "other random values",
        "worker/generate/stream.py",
        "U64(30), U64(27), U64(31), U64(32)",
        "U64(30), U64(28), U64(31), U64(32)",
        ("tests/worker/generate",),
    ),
    Mutant(
        "timeout of the run ignored",
        "infra/fleet/orchestrator.py",
        "if time.monotonic() > deadline:",
        "if time.monotonic() > deadline + plan.timeout_seconds + 60:",
        ("tests/infra/fleet/test_orchestrator.py",),
    ),
    Mutant(
        "process left running",
        "infra/pidfile.py",
        "            member.terminate()\n",
        "            member.is_running()\n",
        ("tests/infra/test_pidfile.py",),
    ),
    Mutant(
        "pods get the API's token",
        "infra/platforms/kubernetes/manifests.py",
        '"automountServiceAccountToken": False',
        '"automountServiceAccountToken": True',
        ("tests/infra/platforms",),
    ),
    Mutant(
        "swap beyond a worker's memory limit",
        "infra/platforms/docker/component.py",
        "memory_swap=limits.memory // MIB if limits else None",
        "memory_swap=2 * limits.memory // MIB if limits else None",
        ("tests/infra/platforms",),
    ),
    Mutant(
        "container left by the cleanup",
        "infra/platforms/docker/cleanup.py",
        "container.labels, lambda each: each.remove(force=True, v=True)",
        "container.labels, lambda each: each.reload()",
        ("tests/infra/cli/test_cleanup.py",),
    ),
    Mutant(
        "threshold holds where it does not",
        "core/thresholds.py",
        "return _HOLDS[self.comparison](value, self.bound)",
        "return not _HOLDS[self.comparison](value, self.bound)",
        ("tests/aggregate/test_thresholds.py", "tests/core/test_thresholds.py"),
    ),
    Mutant(
        "dead worker reported as successful",
        "infra/fleet/worker_results.py",
        "        success=False,\n",
        "        success=True,\n",
        ("tests/infra/fleet",),
    ),
    Mutant(
        "attempts not counted",
        "worker/result/retry_marker.py",
        "max(earlier + 1, attempt_of_environment())",
        "max(earlier, attempt_of_environment())",
        ("tests/worker/result/test_retry_marker.py",),
    ),
    Mutant(
        "rows lost at the end of a shard",
        "worker/pipeline.py",
        "min(count, shard.rows - offset)",
        "min(count, shard.rows - offset - 1) or 1",
        (
            "tests/worker/test_pipeline.py",
            "tests/worker/commands/test_generate.py",
            "tests/worker/result/test_retry_marker.py",
        ),
    ),
)
