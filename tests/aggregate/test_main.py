"""`python -m aggregate` as a process: output, standard error and exit codes."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.plan import LoadPlan
from core.results import ExitReason, WorkerResult
from tests.aggregate import runs

PROJECT = Path(__file__).resolve().parents[2]


def aggregate(*arguments: str | Path, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "aggregate", *map(str, arguments)],
        cwd=PROJECT,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, **environment},
        check=False,
    )


def folder(path: Path, results: Sequence[WorkerResult], plan: LoadPlan | None = None) -> Path:
    for each in results:
        (path / f"{each.worker_id}.json").write_text(each.model_dump_json())
    if plan is not None:
        (path / "plan.json").write_text(plan.model_dump_json())
    return path


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_folder_of_results_is_reported(tmp_path):
    done = aggregate("--results-dir", folder(tmp_path, runs.three_workers(), runs.plan()))
    assert (done.returncode, done.stderr) == (0, "")
    assert "│ TOTAL    │ 3        │ 150,000 │ 6m 01s*  │ 485.1†   │ ok     │" in done.stdout


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(runs.outputs, id="outputs"),
        pytest.param(lambda results: runs.outputs(results)["results"], id="list"),
    ],
)
def test_standard_input_accepts_outputs_and_lists(content):
    done = aggregate("-", "--output-format", "json", stdin=json.dumps(content(runs.three_workers())))
    assert done.returncode == 0
    assert json.loads(done.stdout)["totals"]["rows_per_second"] == 485.1


def test_standard_input_accepts_one_result():
    done = aggregate("-", stdin=runs.result().model_dump_json())
    assert (done.returncode, "│ TOTAL    │ 1" in done.stdout) == (0, True)


def test_output_option_writes_file(tmp_path):
    done = aggregate("-", "--output", tmp_path / "report.txt", stdin=json.dumps(runs.outputs(runs.three_workers())))
    assert (done.returncode, done.stdout) == (0, "")
    assert "485.1†" in (tmp_path / "report.txt").read_text(encoding="utf-8")
    refused = aggregate(
        "-", "--output", tmp_path / "no" / "r.txt", stdin=json.dumps(runs.outputs(runs.three_workers()))
    )
    assert (refused.returncode, one_line(refused).startswith("error: --output: ")) == (2, True)


def test_missing_worker_exits_with_1(tmp_path):
    done = aggregate("--results-dir", folder(tmp_path, runs.three_workers()[:2], runs.plan()))
    assert done.returncode == 1
    assert "warning: worker-3: missing: left no result" in done.stdout


def test_interrupted_worker_exits_with_1(tmp_path):
    stopped = runs.failed(3, ExitReason.INTERRUPTED, "SIGTERM", rows=7, exit_code=143)
    done = aggregate("--results-dir", folder(tmp_path, [*runs.three_workers()[:2], stopped], runs.plan()))
    assert done.returncode == 1
    assert "warning: worker-3: interrupted: SIGTERM" in done.stdout
    assert "│ worker-1 │ users  │ 50,000  │ 5m 32s   │ 150.6    │ ok " in done.stdout


def test_truncated_result_is_unreadable(tmp_path):
    folder(tmp_path, runs.three_workers(), runs.plan())
    cut = tmp_path / "worker-2.json"
    cut.write_text(cut.read_text()[:300])
    done = aggregate("--results-dir", tmp_path)
    assert done.returncode == 1
    assert "│ worker-2 │ orders   │ -       │ -        │ -        │ unreadable " in done.stdout
    assert "worker-2.json: is cut off after 300 bytes; copy it again" in done.stdout


def test_difference_exits_with_3():
    differing = runs.result(verification_report=runs.verified(missing=3))
    done = aggregate("-", stdin=differing.model_dump_json())
    assert done.returncode == 3
    assert "Verification: 50,000 rows expected, 49,997 matched, 3 missing, 0 mismatched, 0 extra" in done.stdout


def test_last_attempt_of_worker_is_reported():
    first = runs.failed(1, ExitReason.KILLED, "killed", attempt=1)
    second = runs.result(1, attempt=2)
    for order in ([first, second], [second, first]):
        done = aggregate("-", stdin=json.dumps(runs.outputs(order, plan=None)))
        assert done.returncode == 0
        assert "ok (attempt 2)" in done.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "standard input: is empty"),
        ('{"results": [{"worker_id"', "standard input: is cut off after 25 bytes; copy it again"),
        ("hello", "standard input: is not JSON (line 1: Expecting value)"),
        ("3", "standard input: is neither a stack's outputs nor a list of workers' results"),
        ('{"results": "[secret]"}', "standard input: its results are marked as secret"),
        ('{"version": 1, "totals": {}}', "standard input: is a finished report; use the results.json"),
        ('{"results": 3}', "standard input: results must be a list"),
        ('[{"worker_id": "w", "success": true}]', "standard input: result 1: operation: field required (and 1 more)"),
    ],
)
def test_bad_input_is_reported_in_one_line(text, words):
    done = aggregate("-", stdin=text)
    assert one_line(done).startswith(f"error: {words}")
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        ("rows_per_second", "is not a threshold"),
        ("rows_per_second > fast", "is not a threshold"),
        ("speed > 3", "names 'speed', which is not a metric"),
    ],
)
def test_invalid_threshold_is_one_line(bound, words):
    done = aggregate("-", "--threshold", bound, stdin=runs.result().model_dump_json())
    assert (done.returncode, one_line(done).startswith("error: --threshold: ")) == (2, True)
    assert words in one_line(done)


def test_report_of_other_version_is_one_line(tmp_path):
    (tmp_path / "old.json").write_text('{"version": 0}')
    done = aggregate("compare", tmp_path / "old.json", tmp_path / "old.json")
    assert (done.returncode, "is a report of version 0" in one_line(done)) == (2, True)


@pytest.mark.parametrize(
    ("text", "words"),
    [("[]", "no results in standard input: the list is empty"), ("{}", "no results in standard input; run it first")],
)
def test_missing_results_exit_with_1(text, words):
    done = aggregate("-", stdin=text)
    assert one_line(done).startswith(f"error: {words}")
    assert done.returncode == 1


def test_empty_and_missing_folder_are_one_line(tmp_path):
    empty = aggregate("--results-dir", tmp_path)
    assert (empty.returncode, one_line(empty).startswith("error: no results in ")) == (1, True)
    none = aggregate("--results-dir", tmp_path / "none")
    assert (none.returncode, "is not a folder" in one_line(none)) == (2, True)


def test_results_of_two_runs_are_refused(tmp_path):
    other = runs.result(2, run_id="run-2")
    mixed = aggregate("--results-dir", folder(tmp_path, [runs.result(1), other]))
    assert mixed.returncode == 2
    assert "results of different runs are mixed (run-1, run-2)" in one_line(mixed)
    with_plan = aggregate("--results-dir", folder(tmp_path, [runs.result(1), other], runs.plan(2)))
    assert with_plan.returncode == 2
    assert "results of run 'run-2' are mixed with the plan of run 'run-1'" in one_line(with_plan)


def test_unplanned_worker_is_refused(tmp_path):
    done = aggregate("--results-dir", folder(tmp_path, [*runs.three_workers(), runs.result(9)], runs.plan()))
    assert (done.returncode, "'worker-9' is not a worker of the plan" in one_line(done)) == (2, True)


def test_invalid_plan_is_one_line(tmp_path):
    folder(tmp_path, runs.three_workers())
    (tmp_path / "plan.json").write_text('{"run_id": "x"}')
    done = aggregate("--results-dir", tmp_path)
    assert (done.returncode, "plan.json: source: field required" in one_line(done)) == (2, True)


FAKE_PULUMI = """import sys
if sys.argv[1:] in (["stack", "export", "-s", name] for name in ("small", "broken")):
    print('{{"deployment": {{"resources": [{{"type": "pulumi:pulumi:Stack", "outputs": %s}}]}}}}' % open({outputs!r}).read())
elif sys.argv[1:3] == ["stack", "history"]:
    print('[{{"kind": "update", "result": "%s"}}]' % ("failed" if sys.argv[-1] == "broken" else "succeeded"))
elif sys.argv[1:3] == ["stack", "ls"]:
    print('[{{"name": "broken"}}, {{"name": "fresh"}}]')
elif "-s" in sys.argv and sys.argv[-1] == "fresh":
    print("{{}}")
else:
    sys.exit("error: no stack named 'other' found")
"""


@pytest.fixture
def pulumi(tmp_path):
    """Put a fake `pulumi` on PATH with three stacks: `small` has run, the last run of `broken` failed, `fresh` has none."""
    (tmp_path / "outputs.json").write_text(json.dumps(runs.outputs(runs.three_workers())))
    (tmp_path / "pulumi.py").write_text(FAKE_PULUMI.format(outputs=str(tmp_path / "outputs.json")))
    command = tmp_path / "pulumi"
    # A script's first line cannot contain the spaces that the interpreter's path may have.
    python, script = shlex.quote(sys.executable), shlex.quote(str(tmp_path / "pulumi.py"))
    command.write_text(f'#!/bin/sh\nexec {python} {script} "$@"\n')
    command.chmod(0o755)
    return {
        "LOADTEST_PULUMI": "",
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_BACKEND_URL": f"file://{tmp_path}",
    }


def test_stack_outputs_are_reported(pulumi):
    done = aggregate("--stack", "small", "--output-format", "json", **pulumi)
    assert done.returncode == 0
    report = json.loads(done.stdout)
    assert (report["stack"], report["platform"], report["totals"]["start_spread_ms"]) == ("small", "docker", 800)
    assert "secret" not in done.stdout


def test_failed_update_does_not_show_old_results(pulumi):
    done = aggregate("--stack", "broken", **pulumi)
    assert (done.returncode, done.stdout) == (1, "")
    assert one_line(done).startswith(
        "error: stack broken: its last update failed; the results are those of the earlier"
    )


def test_stack_without_run_and_unknown_stack_are_refused(pulumi):
    fresh = aggregate("--stack", "fresh", **pulumi)
    assert one_line(fresh) == "error: no results in stack fresh; run it first with: ./loadtest up -s fresh"
    assert fresh.returncode == 1
    other = aggregate("--stack", "other", **pulumi)
    listed = "use one of large, medium, small, or create Pulumi.other.yaml"
    assert one_line(other) == f"error: --stack: 'other' does not exist; {listed}"
    assert other.returncode == 2


def test_closed_pipe_is_not_an_error(tmp_path):
    results = [runs.result(number, rows=3000) for number in range(1, 51)]
    folder(tmp_path, results, runs.plan(50))
    done = subprocess.run(
        [
            "bash",
            "-o",
            "pipefail",
            "-c",
            f"{shlex.quote(sys.executable)} -m aggregate --results-dir {tmp_path} | head -1",
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [("--stack", "small"), ("watch", "--stack", "small"), ("--help",)])
def test_python_without_packages_prints_setup_hint(arguments):
    # -S leaves out site-packages, as in a Python that has only the standard library.
    command = [sys.executable, "-S", "-m", "aggregate", *arguments]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: package ")
    assert "make venv" in done.stderr


def test_usage_error_exits_with_2():
    done = aggregate()
    assert done.returncode == 2
    assert "--stack --results-dir" in done.stderr
