"""The settings of Kubernetes accept its notation, and invalid values are refused with a remedy."""

from pathlib import Path

import pytest

from core.errors import SettingsError
from infra.settings.configuration import stack_values
from infra.settings.model import Settings
from infra.settings.types import Toleration

PROJECT = Path(__file__).resolve().parents[3]


def settings(**values: str) -> Settings:
    return Settings.of({**stack_values(PROJECT, "small"), "platform": "kubernetes", **values})


def test_node_selector_accepts_commas_and_json():
    expected = {"disk": "ssd", "example.com/zone": "a"}
    assert settings(nodeSelector="disk=ssd,example.com/zone=a").node_selector == expected
    assert settings(nodeSelector='["disk=ssd", "example.com/zone=a"]').node_selector == expected


def test_tolerations_accept_taints_of_kubectl():
    read = settings(tolerations="dedicated=load:NoSchedule,spot,gpu:NoExecute").tolerations
    assert read == (
        Toleration(key="dedicated", value="load", effect="NoSchedule"),
        Toleration(key="spot"),
        Toleration(key="gpu", effect="NoExecute"),
    )
    assert [one.manifest() for one in read] == [
        {"key": "dedicated", "operator": "Equal", "value": "load", "effect": "NoSchedule"},
        {"key": "spot", "operator": "Exists"},
        {"key": "gpu", "operator": "Exists", "effect": "NoExecute"},
    ]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("nodeSelector", "disk", "'disk' has 'disk', which is not a node label; write labels like disk=ssd,zone=a"),
        ("nodeSelector", "a=b,a=c", "'a=b,a=c' names 'a' twice; write labels like disk=ssd,zone=a"),
        ("tolerations", "a=b:Never", "'a=b:Never' has 'a=b:Never', which is not a taint; write them like dedicated="),
        ("namespace", "My_Space", "'My_Space' is not a valid Kubernetes name; write lower-case letters"),
        ("outputStorage", "-x", "'-x' is not a valid Kubernetes name; write lower-case letters"),
        ("databaseStorage", "10 apples", "'10 apples' is not a valid size; write one like"),
        ("startTimeout", "0", "'0' is not a whole number above zero; write one like 4"),
    ],
)
def test_invalid_value_is_refused_with_key_and_remedy(key: str, value: str, message: str):
    with pytest.raises(SettingsError) as error:
        settings(**{key: value})
    assert str(error.value).startswith(f"loadtest:{key}: {message}")
