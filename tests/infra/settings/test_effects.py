"""Settings that have no effect where they are set, and limits that nothing can start with, are refused with a reason."""

import os
import sys

import pytest

from core.errors import SettingsError
from core.stores import SOURCES
from infra.checks import check_run
from infra.databases import module_of
from infra.settings import limits
from infra.settings.effects import EFFECTS, check_effects
from infra.settings.limits import check_limits
from tests.infra.configuration import ROOT, settings, values

SERVER = "postgresql://u@h/d"
DOCKER, KUBERNETES = {"platform": "docker"}, {"platform": "kubernetes"}

WITHOUT_EFFECT = [
    (
        {"outputDir": "out"},
        "outputDir: is for files, and the source is postgresql; remove it, or set loadtest:source to",
    ),
    ({"outputDir": "out", "source": "csv", **KUBERNETES}, "outputDir: is a folder of this machine, which a cluster's"),
    (
        {"databaseImage": "postgres:17"},
        "databaseImage: is for containers, and the platform is local; remove it, or set",
    ),
    (
        {"databaseImage": "x", "source": "csv", **DOCKER},
        "databaseImage: is for a server, and the source csv writes files",
    ),
    (
        {"databaseImage": "x", "connectionString": SERVER, **DOCKER},
        "databaseImage: is for a server that Loadtest creates, and loadtest:connectionString names an existing one",
    ),
    ({"databasePassword": "a-pass", "source": "jsonl"}, "databasePassword: is for a server, and the source jsonl"),
    ({"databaseTmpfs": "true", "connectionString": SERVER}, "databaseTmpfs: is for a server that Loadtest creates"),
    (
        {"failOn": "threshold"},
        "failOn: 'threshold' has no threshold to fail on; set loadtest:thresholds, or write failure",
    ),
    ({"keepDatabasePort": "true"}, "keepDatabasePort: is for containers, and the platform is local"),
    (
        {"keepDatabasePort": "true", **KUBERNETES},
        "keepDatabasePort: is for servers on this machine, and the platform is",
    ),
    ({"workerImage": "x"}, "workerImage: is for containers, and the platform is local"),
    ({"namespace": "mine", **DOCKER}, "namespace: is for clusters, and the platform is docker; remove it, or set"),
    ({"nodeSelector": "disk=ssd"}, "nodeSelector: is for clusters, and the platform is local"),
    ({"tolerations": "spot"}, "tolerations: is for clusters, and the platform is local"),
    ({"priorityClass": "high"}, "priorityClass: is for clusters, and the platform is local"),
    ({"cpuRequest": "0.1"}, "cpuRequest: is for clusters, and the platform is local"),
    ({"memoryRequest": "256Mi"}, "memoryRequest: is for clusters, and the platform is local"),
    ({"clusterGrows": "true"}, "clusterGrows: is for clusters, and the platform is local"),
    ({"databaseStorage": "1Gi"}, "databaseStorage: is for clusters, and the platform is local"),
    (
        {"databaseStorageClass": "fast", **KUBERNETES},
        "databaseStorageClass: is for the volume claim of loadtest:database",
    ),
    (
        {"outputStorage": "files", **KUBERNETES},
        "outputStorage: 'files' must be in an existing namespace; name that with",
    ),
    ({"imagePullSecret": "key", **KUBERNETES}, "imagePullSecret: 'key' must be in an existing namespace; name that"),
    ({"source": "mysql"}, "platform: local, which has no embedded mysql server; set loadtest:platform to docker"),
    (
        {"databaseImage": "docker.io/library/mysql:9@sha256:0", **DOCKER},
        "databaseImage: 'docker.io/library/mysql:9@sha256:0' is an image of mysql, and the source is postgresql; write one",
    ),
]


@pytest.mark.parametrize(("given", "line"), WITHOUT_EFFECT, ids=lambda each: str(each)[:40])
def test_setting_without_effect_is_refused_with_reason(given, line):
    with pytest.raises(SettingsError) as refused:
        check_effects(settings(**given))
    assert str(refused.value).startswith(f"loadtest:{line}")
    assert "; " in str(refused.value)


WITH_EFFECT = [
    {"outputDir": "out", "source": "csv"},
    {"databaseImage": "my/own-server:1", "databaseTmpfs": "true", "keepDatabasePort": "true", **DOCKER},
    {"databaseImage": "my/postgres:1", **DOCKER},
    {"workerImage": "w", "source": "csv", **DOCKER},
    {"namespace": "mine", "outputStorage": "files", "imagePullSecret": "key", "nodeSelector": "a=b", **KUBERNETES},
    {"databaseStorage": "1Gi", "databaseStorageClass": "fast", "tolerations": "x", "priorityClass": "p", **KUBERNETES},
    {"cpuRequest": "0.1", "memoryRequest": "256Mi", "clusterGrows": "true", **KUBERNETES},
    {"databasePassword": "a-pass"},
]


@pytest.mark.parametrize("given", WITH_EFFECT, ids=",".join)
def test_setting_with_effect_is_accepted(given):
    check_effects(settings(**given))


def test_each_key_of_the_table_has_a_refusal():
    refused = {line.partition(":")[0] for _, line in WITHOUT_EFFECT}
    assert set(EFFECTS) <= refused


def test_all_settings_without_effect_are_named_at_once():
    with pytest.raises(SettingsError) as refused:
        check_effects(settings(namespace="mine", workerImage="w", outputDir="out"))
    assert [line.split(":")[1] for line in refused.value.lines] == ["outputDir", "workerImage", "namespace"]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"memoryLimit": "512"}, "memoryLimit: '512' is a number of bytes; write a unit, like 512Mi"),
        ({"memoryLimit": 512}, "memoryLimit: 512 is a number of bytes; write a unit, like 512Mi"),
        ({"memoryLimit": "5Mi"}, "memoryLimit: '5Mi' is less than 6Mi; write one like 512Mi"),
        ({"tmpfsSize": "256"}, "tmpfsSize: '256' is a number of bytes; write a unit, like 256Mi"),
        (
            {"databaseMemoryLimit": "6Mi"},
            "databaseMemoryLimit: '6Mi' is less than the 64Mi with which postgresql starts; write 64Mi or more",
        ),
    ],
)
def test_limit_that_is_too_small_is_refused(given, line):
    with pytest.raises(SettingsError) as refused:
        check_limits(settings(**given), values(**given))
    assert str(refused.value) == f"loadtest:{line}"


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"cpuRequest": "0.6"}, "cpuRequest: '0.6' is more than loadtest:cpuLimit; write that or less"),
        ({"memoryRequest": "1Gi"}, "memoryRequest: '1Gi' is more than loadtest:memoryLimit; write that or less"),
    ],
)
def test_request_above_its_limit_is_refused(given, line):
    with pytest.raises(SettingsError) as refused:
        check_limits(settings(**given, **KUBERNETES), values(**given, **KUBERNETES))
    assert str(refused.value) == f"loadtest:{line}"
    equal = {"cpuRequest": "0.5", "memoryRequest": "512Mi", **KUBERNETES}
    check_limits(settings(**equal), values(**equal))


def test_server_limits_count_only_for_servers_to_create():
    given = {"databaseMemoryLimit": "6Mi", "databaseCpuLimit": "900", "tmpfs": "false", "tmpfsSize": "1"}
    check_limits(settings(source="csv", **given), values(source="csv", **given))


@pytest.mark.parametrize("source", [name for name, store in SOURCES.items() if store.needs_server])
def test_server_starts_with_default_memory(source):
    given = values(source=source, platform="docker")
    assert settings(**given).database_memory_limit // 2 >= module_of(source).LEAST_MEMORY
    check_limits(settings(**given), given)


def test_cpu_limit_outside_range_of_engine_is_refused():
    given = values(platform="docker", cpuLimit="3", databaseCpuLimit="0.005")
    with pytest.raises(SettingsError) as refused:
        check_limits(settings(**given), given, engine_cores=2)
    assert refused.value.lines == [
        "loadtest:cpuLimit: '3' is more than the 2 cores of the Docker engine; write 2 or less",
        "loadtest:databaseCpuLimit: '0.005' is less than Docker accepts; write 0.01 or more",
    ]
    check_limits(settings(**given), given, engine_cores=None)


@pytest.mark.skipif(sys.platform != "linux", reason="on other systems the engine has a machine of its own")
def test_cpu_limit_above_cores_of_machine_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    cores = os.cpu_count() or 1
    given = {"cpuLimit": str(cores + 1), "databaseCpuLimit": "0.5"}
    with pytest.raises(
        SettingsError, match=f"^loadtest:cpuLimit: '{cores + 1}' is more than the {cores} cores of the D"
    ):
        check_run(values(platform="docker", **given), ROOT, "small")
    check_run(values(platform="local", **given), ROOT, "small")
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere:2375")
    check_run(values(platform="docker", **given), ROOT, "small")


def test_least_memory_is_that_of_docker():
    assert limits.LEAST_MEMORY == 6 << 20
