import pytest

from core import errors
from core.errors import ServerError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.SchemaError("x"), 2),
        (errors.SettingsError("x"), 2),
        (errors.PlanError("x"), 2),
        (errors.ServerError("x"), 1),
        (errors.StorageError("x"), 1),
        (errors.ResultError("x"), 1),
        (errors.VerificationError("x"), 3),
        (errors.ThresholdError("x"), 99),
    ],
)
def test_each_error_is_one_line_and_its_exit_code(error, code):
    said: list[str] = []

    def fail():
        raise error

    assert errors.exit_code_of(fail, said.append) == code
    assert said == ["error: x"]


def test_without_an_error_the_code_is_main_s_own():
    said: list[str] = []
    assert errors.exit_code_of(lambda: None, said.append) == 0
    assert errors.exit_code_of(lambda: 3, said.append) == 3
    assert said == []


def test_a_bug_is_not_swallowed():
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        errors.exit_code_of(fail, pytest.fail)


def test_an_input_error_names_key_value_and_remedy_in_one_short_line():
    assert str(errors.InputError.of("key", "a\nb", "is wrong", "write c")) == r"key: 'a\nb' is wrong; write c"
    assert str(errors.SettingsError.of("key", 3, "is wrong", "write 4")) == "key: 3 is wrong; write 4"
    long = str(errors.InputError.of("key", "x" * 1000, "is wrong", "write less"))
    assert len(long) < 120
    assert "..." in long


def test_of_keeps_the_class():
    assert isinstance(errors.SettingsError.of("k", "v", "p", "r"), errors.SettingsError)


def test_invisible_characters_of_a_name_are_made_visible():
    assert str(ServerError("table 'a\nb\x1b[2J\u202e' exists")) == "table 'a\\nb\\x1b[2J\\u202e' exists"
