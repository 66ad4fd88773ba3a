"""One set of checks is run by plan, preview and up, and names everything that is wrong at once."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.errors import ExitCode, InputError
from infra import program
from infra.checks import check_run
from infra.cli import plan
from infra.settings.configuration import EngineConfiguration
from tests.infra.configuration import ROOT, values

WORDS = st.sampled_from(["", "x", "-1", "0", "1", "7", "true", "yes", "512", "6Mi", "1Gi", "[users", "users,orders"])
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "platform": st.sampled_from(["local", "docker", "kubernetes", "podman"]),
        "source": st.sampled_from(["postgresql", "mysql", "mongodb", "neo4j", "csv", "kafka", "oracle"]),
        "workers": st.sampled_from(["1", "3", "0", "many", 2]),
        "cpuLimit": st.sampled_from(["0.25", "half", "900"]),
        "memoryLimit": st.sampled_from(["512Mi", "512", "6 apples"]),
        "databaseMemoryLimit": st.sampled_from(["1Gi", "6Mi"]),
        "schema": st.sampled_from(["schemas/shop.yaml", "schemas/absent.yaml", "README.md"]),
        "operation": st.sampled_from(["populate", "verify", "read"]),
        "outputDir": WORDS,
        "databaseImage": WORDS,
        "namespace": WORDS,
        "tables": WORDS,
        "thresholds": WORDS,
        "keepDatabasePort": WORDS,
        "runId": WORDS,
        "failOn": st.sampled_from(["never", "threshold", "always"]),
        "connectionString": st.sampled_from(
            [
                "",
                "postgresql://u@h/d",
                "mysql://h:x/d",
                "mongodb://h/d?tsl=true",
                "neo4j://h?polcy=x",
                "kafka://h?acks=0",
                "x",
            ]
        ),
        "tabels": WORDS,
    },
)


def verdict(check):
    """Return the lines of the refusal; nothing if there is none."""
    try:
        check()
    except InputError as error:
        return error.lines
    return []


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(SETTINGS)
def test_plan_and_preview_agree_on_random_settings(monkeypatch, chosen):
    stack_values = values(**chosen)
    monkeypatch.setattr(program, "engine_configuration", lambda *_: EngineConfiguration(stack_values, (), {}))
    monkeypatch.setattr(program, "component_of", lambda _: lambda *_: None)
    monkeypatch.setattr("pulumi.log.warn", lambda _: None)
    monkeypatch.setattr("pulumi.get_stack", lambda: "small")
    monkeypatch.setattr("pulumi.runtime.is_dry_run", lambda: True)
    monkeypatch.setattr(program, "_password", lambda _: None)
    monkeypatch.setattr(plan, "stack_values", lambda *_: stack_values)
    monkeypatch.setattr(plan, "encrypted_keys", lambda *_: frozenset())
    planned = verdict(lambda: plan.check_stack(ROOT, "small"))
    assert planned == verdict(lambda: program.declare(ROOT))
    assert all(": " in line and "; " in line for line in planned), planned


def test_program_runs_the_checks_of_plan(monkeypatch):
    called = []

    def refuse(*arguments, **_):
        called.append(arguments)
        raise InputError("refused by the checks")

    monkeypatch.setattr(program, "check_run", refuse)
    monkeypatch.setattr(program, "engine_configuration", lambda *_: EngineConfiguration({"workers": "x"}, (), {}))
    with pytest.raises(InputError, match="refused by the checks"):
        program.declare(ROOT)
    assert called[0][0] == {"workers": "x"}


def test_all_complaints_are_named_at_once(tmp_path):
    (tmp_path / "broken.yaml").write_text("tables: [users]\n")
    chosen = values(
        workers="0", memoryLimit="x", wrokers="3", schema=str(tmp_path / "broken.yaml"), databasePassword="p"
    )
    with pytest.raises(InputError) as refused:
        check_run(chosen, ROOT, "mine")
    lines = refused.value.lines
    assert [line.split(": ")[0] for line in lines[:4]] == [
        "loadtest:databasePassword",
        "loadtest:wrokers",
        "loadtest:workers",
        "loadtest:memoryLimit",
    ]
    assert len(lines) == 5
    assert "broken.yaml" in lines[4]
    assert all(len(line.splitlines()) == 1 for line in lines)


def test_plan_prints_each_complaint_on_a_line(capsys):
    assert plan.main(["--stack", "small", "-c", "workers=0", "-c", "outputDir=out", "-c", "cpuLimit=x"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: loadtest:workers: '0' is not a whole number above zero; write one like 4",
        "error: loadtest:cpuLimit: 'x' is not a valid CPU quantity; write cores like 0.5 or 2, or millicores like 500m",
    ]
    assert plan.main(["--stack", "small", "-c", "outputDir=out", "-c", "namespace=x"]) == ExitCode.BAD_INPUT
    assert [line.split(":")[2] for line in capsys.readouterr().err.splitlines()] == ["outputDir", "namespace"]


@pytest.mark.parametrize("preset", ["small", "medium", "large"])
@pytest.mark.parametrize("change", [{}, {"source": "csv"}, {"platform": "docker", "source": "mysql"}], ids=str)
def test_presets_are_accepted_and_do_not_warn_of_their_sizes(preset, change, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    run, _ = plan.check_stack(ROOT, preset, [f"{key}={value}" for key, value in change.items()])
    assert run.warnings == []


def test_refused_value_that_pulumi_saved_has_a_command(tmp_path):
    own = tmp_path / ".pulumi" / "config"
    own.mkdir(parents=True)
    (tmp_path / "Pulumi.yaml").write_text("name: loadtest\nstackConfigDir: .pulumi/config\n")
    (own / "Pulumi.mine.yaml").write_text(
        "config: {loadtest:typo: 1, loadtest:tables: [users, users], loadtest:workers: 0}\n"
    )
    chosen = values(typo="1", tables='["users","users"]', workers="many", schema=str(ROOT / "schemas/shop.yaml"))
    with pytest.raises(InputError) as refused:
        check_run(chosen, tmp_path, "mine")
    removal = "; the value is saved for this stack, and `./loadtest pulumi config rm loadtest:{} -s mine` removes it"
    assert refused.value.lines == [
        f"loadtest:typo: is not a setting; see docs/settings.md for every key{removal.format('typo')}",
        "loadtest:workers: 'many' is not a whole number above zero; write one like 4",
        f'loadtest:tables: \'["users","users"]\' names users twice; write each once{removal.format("tables")}',
    ]
