from scripts.benchmark_tables import PAGE, RESULTS, TABLES, page_with_tables


def test_benchmarks_page_has_current_tables() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page_with_tables(page) == page, "run `python -m scripts.benchmark_tables`"


def test_every_result_file_is_on_the_page() -> None:
    assert {file.stem for file in RESULTS.glob("*.json")} == set(TABLES)
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in TABLES if f"<!-- benchmark: {name} -->" not in page] == []
