import pytest

from scripts.marked_page import page_with

PAGE = "before\n<!-- codes: written by a script -->\nold\nlines\n<!-- /codes -->\nafter\n"


def test_generated_part_is_replaced_and_marks_stay():
    new = "before\n<!-- codes: written by a script -->\nnew\n<!-- /codes -->\nafter\n"
    assert page_with("codes", "new", PAGE) == new


@pytest.mark.parametrize("page", ["", "<!-- codes: x -->\nold\n", "old\n<!-- /codes -->\n"])
def test_page_without_mark_is_refused(page):
    with pytest.raises(ValueError, match=r"^the page has no generated part named codes; "):
        page_with("codes", "new", page)
