"""After `destroy`, what is kept is named."""

from infra.cli.kept import kept

PULUMI = """
name: loadtest
config:
  loadtest:platform:
    default: local
"""


def lines(project, *settings):
    (project / "Pulumi.yaml").write_text(PULUMI)
    (project / "Pulumi.mine.yaml").write_text("config:\n" + "".join(f"  loadtest:{line}\n" for line in settings))
    return list(kept(project, "mine"))


def test_local_stack_keeps_nothing(tmp_path):
    assert lines(tmp_path, "rowCount: 3") == []
    assert list(kept(tmp_path, "unknown")) == []


def test_tables_files_and_reports_are_kept(tmp_path):
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    assert lines(tmp_path, "connectionString: postgresql://h/d", "outputDir: ~/out") == [
        "the tables that were loaded into your server (loadtest:connectionString); drop them there",
        "the files in ~/out (loadtest:outputDir)",
        "saved reports in runs/mine, for `./loadtest compare` and `./loadtest history`",
    ]


def test_tables_behind_secret_connection_string_are_kept(tmp_path):
    (line,) = lines(tmp_path, "connectionString: {secure: v1:x}")
    assert line.startswith("the tables that were loaded into your server")


def test_unknown_platform_keeps_nothing(tmp_path):
    assert lines(tmp_path, "platform: nowhere") == []
