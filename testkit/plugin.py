"""The pytest plugin of the project: tiers, components, removal of orphans, and fixtures for several folders."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from testkit import session
from testkit.cluster import cluster, cluster_session
from testkit.components import COMPONENTS, TIERS, missing, tier_with
from testkit.passed_tests import read_passed, write_passed
from testkit.requires import REQUIRE_ALL, SKIPPED
from testkit.scheduling import GroupScheduling
from testkit.serving import end_shared

__all__ = ["cluster", "cluster_session"]

_BUILDS = "LOADTEST_BUILDS"
_NOT_IN_TIER = pytest.StashKey[Counter[str]]()
_ORPHANS = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session", autouse=True)
def _shared_servers() -> Iterator[None]:
    yield
    end_shared()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that select tiers, restrict a second try, and split a run into two parts."""
    parser.addoption("--tier", choices=TIERS, default="all", help="which tests to run (default: all)")
    parser.addoption(
        "--second-try",
        action="store_true",
        help="with --last-failed: fail the tests that depend on no other process, which may not be tried twice",
    )

    parser.addoption("--passed-file", type=Path, help="write the names of the tests that passed to this file")
    parser.addoption("--without-passed", type=Path, help="leave out the tests that a --passed-file names")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Forbid tests to build images or the engine, and create all temporary folders below the session's folder."""
    os.environ.setdefault(_BUILDS, "never")
    # Tests must pass on a busy machine, too.
    settings.register_profile("any-pace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("any-pace")
    config.stash[_NOT_IN_TIER] = Counter()
    config.stash[_ORPHANS] = []
    if not _is_worker(config):
        session.begin()
        signal.signal(signal.SIGTERM, _interrupt)
        config.option.basetemp = config.option.basetemp or str(session.FOLDER / "t")
    for component in COMPONENTS.values():
        config.addinivalue_line("markers", f"{component.name}: needs what `{component.prepare}` provides")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of the tier, skip those whose component is missing, and run the long ones first."""
    included = TIERS[config.getoption("--tier")]
    kept, left = [], []
    passed = read_passed(config.getoption("--without-passed"))
    for item in items:
        if item.nodeid in passed:
            left.append(item)
            continue
        needed = _needs(item)
        if not needed <= included:
            config.stash[_NOT_IN_TIER][tier_with(needed)] += 1
            left.append(item)
            continue
        kept.append(item)
        for name in sorted(needed):
            if not REQUIRE_ALL and (lacking := missing(name)):
                item.add_marker(pytest.mark.skip(reason=f"{SKIPPED}{name}: {lacking}"))
    config.hook.pytest_deselected(items=left)
    if not getattr(config.option, "randomly_reorganize", False):
        kept.sort(key=lambda item: -len(_needs(item) & {"cluster", "docker", "engine"}))
    items[:] = kept


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test whose component is missing if skips are forbidden, and record the use of Docker."""
    needed = _needs(item)
    if item.config.getoption("--second-try") and not _depends_on_pace(item, needed):
        pytest.fail("it failed the first time, and depends on no other process's pace", pytrace=False)
    for name in sorted(needed) if REQUIRE_ALL else ():
        if lacking := missing(name):
            pytest.fail(f"{name}: {lacking}; prepare with {COMPONENTS[name].prepare}", pytrace=False)
    if needed & {"docker", "cluster"}:
        session.USED_DOCKER.touch()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling:
    """Keep tests that share fixtures in one process."""
    return GroupScheduling(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Copy the counts of tests outside of the tier from a process of the pool. All of them collected the same tests."""
    del error
    counted = getattr(node, "workeroutput", {}).get("not_in_tier", {})
    config: pytest.Config = node.config
    config.stash[_NOT_IN_TIER] = Counter(counted)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """Remove orphans after all processes have ended. Fail a complete run that left any."""
    yield
    config = session.config
    if _is_worker(config):
        output: dict[str, Any] = config.workeroutput  # type: ignore[attr-defined]  # xdist puts it there
        left: Counter[str] = config.stash[_NOT_IN_TIER]
        output["not_in_tier"] = dict(left)
        return
    _remove_orphans(config)
    if config.stash[_ORPHANS] and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove orphans of a session that ended before its first test, too."""
    if not _is_worker(config):
        _remove_orphans(config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print one line for each missing component, each tier that was not chosen, and each orphan."""
    write_passed(config.getoption("--passed-file"), terminalreporter.stats.get("passed", ()))
    if passed := read_passed(config.getoption("--without-passed")):
        terminalreporter.write_line(f"{len(passed)} tests not run; they passed before")
    for line in _not_run(terminalreporter.stats.get("skipped", ()), config):
        terminalreporter.write_line(line)
    for orphan in config.stash[_ORPHANS]:
        terminalreporter.write_line(f"left behind by the tests, now removed: {orphan}", red=True)


def _not_run(skipped: Sequence[pytest.TestReport], config: pytest.Config) -> Iterator[str]:
    for tier, count in sorted(config.stash[_NOT_IN_TIER].items()):
        yield f"{tier}: {count} tests not run; run with make test TIER={tier}"
    counted: Counter[str] = Counter()
    for report in skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        counted[reason.partition(": ")[2] if reason.startswith("Skipped: ") else reason] += 1
    for reason, count in sorted(counted.items()):
        if reason.startswith(SKIPPED):
            name, _, lacking = reason.removeprefix(SKIPPED).partition(": ")
            prepare = COMPONENTS[name].prepare if name in COMPONENTS else "see CONTRIBUTING.md"
            yield f"{name}: {count} tests not run, {lacking}; prepare with {prepare}"
        else:
            yield f"other: {count} tests not run, {reason}"


def _needs(item: pytest.Item) -> frozenset[str]:
    return frozenset(mark.name for mark in item.iter_markers() if mark.name in COMPONENTS)


def _depends_on_pace(item: pytest.Item, needed: frozenset[str]) -> bool:
    """Return whether the test waits for other processes, which a busy machine may delay."""
    return bool(needed & {"docker", "cluster", "engine", "paced"}) or bool(
        {"infra", "integration"} & set(item.path.parts)
    )


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _interrupt(_number: int, _frame: object) -> None:
    """End as after Ctrl-C on the first SIGTERM, with everything removed. Ignore further ones."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _remove_orphans(config: pytest.Config) -> None:
    """Remove orphans without being interrupted by a second Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        config.stash[_ORPHANS] += session.remove_orphans()
    finally:
        signal.signal(signal.SIGINT, before)
    sys.stdout.flush()
