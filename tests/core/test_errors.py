import pytest

from core import errors
from core.errors import Problem, ServerError
from core.schema.location import Location


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
    ],
)
def test_errors_print_one_line_and_return_exit_code(error, code):
    said: list[str] = []

    def fail():
        raise error

    assert errors.exit_code_of(fail, said.append) == code
    assert said == ["error: x"]


def test_exit_code_is_the_returned_number_or_zero():
    said: list[str] = []
    assert errors.exit_code_of(lambda: None, said.append) == 0
    assert errors.exit_code_of(lambda: 3, said.append) == 3
    assert said == []


def test_unexpected_exception_propagates():
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        errors.exit_code_of(fail, pytest.fail)


def test_input_error_has_key_value_problem_and_remedy():
    assert str(errors.InputError.of("key", "a\nb", "is wrong", "write c")) == r"key: 'a\nb' is wrong; write c"
    assert str(errors.SettingsError.of("key", 3, "is wrong", "write 4")) == "key: 3 is wrong; write 4"
    long = str(errors.InputError.of("key", "x" * 1000, "is wrong", "write less"))
    assert len(long) < 120
    assert "..." in long


def test_input_error_factory_returns_subclass():
    assert isinstance(errors.SettingsError.of("k", "v", "p", "r"), errors.SettingsError)


def test_error_text_escapes_invisible_characters():
    assert str(ServerError("table 'a\nb\x1b[2J\u202e' exists")) == "table 'a\\nb\\x1b[2J\\u202e' exists"


def test_problem_keeps_problem_and_remedy_apart():
    found = Problem("is odd; very odd", "write an even number; or zero")
    assert (found.problem, found.remedy) == ("is odd; very odd", "write an even number; or zero")
    assert str(found) == "is odd; very odd; write an even number; or zero"


def test_location_error_names_problem_of_value():
    error = Location("shop.yaml", "users", "id").error_of("start", 3, Problem("is odd; very odd", "write 4"))
    assert str(error) == "shop.yaml: table users: column id: start: 3 is odd; very odd; write 4"
