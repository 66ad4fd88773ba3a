"""Requirements files are generated from pyproject.toml."""

import pytest

from scripts import requirements

PYPROJECT = """
[dependency-groups]
worker = ["numpy==1.0", "psycopg[binary]==3.0"]
program = [{ include-group = "worker" }, "pulumi==3.0"]
dev = [{ include-group = "program" }, "ruff==1.0"]
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "worker").mkdir()
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    return tmp_path


def test_files_of_this_project_are_up_to_date(capsys):
    assert requirements.main(["--check"]) == 0, capsys.readouterr().err


def test_requirements_files_include_each_other(project):
    assert requirements.main([], project) == 0
    text = {file: (project / file).read_text().splitlines()[2:] for file, _ in requirements.FILES.values()}
    assert text == {
        "worker/requirements.txt": ["numpy==1.0", "psycopg[binary]==3.0"],
        "requirements.txt": ["-r worker/requirements.txt", "pulumi==3.0"],
        "requirements-dev.txt": ["-r requirements.txt", "ruff==1.0"],
    }
    assert requirements.main(["--check"], project) == 0


def test_check_names_file_that_differs(project, capsys):
    requirements.main([], project)
    (project / "requirements.txt").write_text("pulumi==2.0\n")
    assert requirements.main(["--check"], project) == 1
    assert capsys.readouterr().err == (
        "requirements.txt: differs from pyproject.toml; run `python -m scripts.requirements`\n"
    )


def test_package_declared_twice_is_refused(project):
    (project / "pyproject.toml").write_text(PYPROJECT.replace('"ruff==1.0"', '"NumPy==2.0"'))
    with pytest.raises(ValueError, match="numpy is declared more than once"):
        requirements.files(project)
