"""The engine prints a LoadtestError of a dynamic resource in one line."""

import sys
from pathlib import Path

import pytest

from core.errors import RunError
from infra.resources.dynamic import ReplaceOnChangeProvider
from testkit import engine
from testkit.pulumi_project import PulumiProject

ROOT = Path(__file__).resolve().parents[3]

PROGRAM = """
    import sys
    sys.path.insert(0, {root!r})

    from pulumi.dynamic import CreateResult, Resource

    from infra.resources.dynamic import ReplaceOnChangeProvider

    class Stubborn(ReplaceOnChangeProvider):
        def create_resource(self, props):
            return CreateResult(id_="stubborn", outs={{}})

        def delete_resource(self, props):
            from core.errors import RunError
            raise {raised}

    class Thing(Resource):
        pass

    Thing(Stubborn(), "thing", {{}})
"""


@pytest.mark.engine
@pytest.mark.parametrize(
    ("raised", "has_traceback"),
    [('RunError("thing: stays; ask its owner")', False), ('ValueError("a defect")', True)],
)
def test_error_on_destroy_is_one_line(tmp_path: Path, raised: str, has_traceback: bool) -> None:
    project = PulumiProject(tmp_path / "project", engine.folder(), sys.prefix)
    project.environment["PYTHONPATH"] = str(ROOT)
    project.program(PROGRAM.format(root=str(ROOT), raised=raised))
    project.up()
    output = project.pulumi("destroy", "--yes", "--skip-preview", "--color=never", succeeds=False)
    assert raised.partition('"')[2].removesuffix('")') in output
    assert ("Traceback" in output) == has_traceback


class _Lost(ReplaceOnChangeProvider):
    triggers = ("stack",)

    def create_resource(self, props):
        raise AssertionError

    def find_lost(self, props):
        return props.get("lost", "")


def test_lost_resource_is_replaced_and_named(capsys):
    diff = _Lost().diff("id", {"stack": "small", "lost": "the server has ended"}, {"stack": "small"})
    assert (diff.changes, diff.replaces) == (True, ["lost"])
    assert capsys.readouterr().err == "the server has ended; `up` creates it again and repeats the run\n"
    assert _Lost().diff("id", {"stack": "small"}, {"stack": "small"}).changes is False
    assert _Lost().diff("id", {"stack": "small", "lost": "the server has ended"}, {"stack": "other"}).replaces == [
        "stack"
    ]


class _Refused(ReplaceOnChangeProvider):
    def create_resource(self, props):
        Path(props["path"]).mkdir()
        raise AssertionError

    def delete_resource(self, props):
        Path(props["path"]).rmdir()


@pytest.mark.parametrize("call", [lambda props: _Refused().create(props), lambda props: _Refused().delete("id", props)])
def test_refused_path_is_named_in_one_line(tmp_path, call):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(
        RunError, match=rf"^{file}/below: Not a directory; allow this user to write there, and run it again$"
    ):
        call({"path": str(file / "below")})
