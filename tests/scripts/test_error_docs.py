from scripts.error_docs import PAGE, error_tables
from scripts.marked_page import page_with


def test_errors_page_has_current_tables() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page_with("errors", error_tables(), page) == page, "run `python -m scripts.error_docs`"


def test_row_names_each_code_of_a_cause_once() -> None:
    rows = [row for row in error_tables().splitlines() if "too many sessions of the role or database" in row]
    row = "| `53300` | too many sessions of the role or database | {} |"
    assert rows == [row.format("lower workers, or raise the CONNECTION LIMIT of the role or database")]
