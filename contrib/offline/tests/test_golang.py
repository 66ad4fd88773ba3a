"""The variables with which Go builds the programs."""

from contrib.offline.parts import golang


def test_build_compiles_no_debugging_information(monkeypatch):
    monkeypatch.setenv("GOFLAGS", "-mod=vendor")
    environment = golang.build_environment("-trimpath", "-buildvcs=false")
    assert environment["GOFLAGS"].split() == ["-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false"]
    assert environment["CGO_ENABLED"] == "0"


def test_collection_is_rarer_unless_user_chose(monkeypatch):
    monkeypatch.delenv("GOGC", raising=False)
    assert golang.build_environment()["GOGC"] == "400"
    monkeypatch.setenv("GOGC", "50")
    assert golang.build_environment()["GOGC"] == "50"
