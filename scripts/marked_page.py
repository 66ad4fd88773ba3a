"""Replace the generated part of a page: the lines between `<!-- NAME: … -->` and `<!-- /NAME -->`."""


def page_with(name: str, text: str, page: str) -> str:
    """Return the page with the text between the marks of this name. Raises ValueError if a mark is missing."""
    begin, end = f"<!-- {name}:", f"<!-- /{name} -->"
    before, first, rest = page.partition(begin)
    comment, line_end, rest = rest.partition("\n")
    _, last, after = rest.partition(end)
    if not (first and line_end and last):
        raise ValueError(f"the page has no generated part named {name}; write {begin} … --> and {end}")
    return f"{before}{begin}{comment}\n{text}\n{end}{after}"
