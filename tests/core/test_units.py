import pytest

from core.units import GIB, MIB, format_size, mebibytes, parse_cpu, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512Mi", 512 * MIB),
        ("2g", 2 * GIB),
        ("1.5Gi", 1536 * MIB),
        ("1 Ki", 1024),
        ("64mb", 64 * MIB),
        ("3M", 3_000_000),
        ("1G", 1_000_000_000),
        ("1b", 1),
        (" 7 ", 7),
        (4096, 4096),
        ("0.1k", 102),
    ],
)
def test_parse_size_reads_units(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["12 parsecs", "", "-1Mi", "Mi", "1,5Gi", "1e3", "1 MiB", "512mI", "inf", "0x10", "1..5g"]
)
def test_parse_size_rejects_invalid_text(text):
    with pytest.raises(ValueError, match=r"^is not a valid size; write one like 512Mi, 1\.5Gi or 2g$"):
        parse_size(text)


@pytest.mark.parametrize("text", ["0", "0Gi", "0.4b"])
def test_parse_size_rejects_zero(text):
    with pytest.raises(ValueError, match=r"^is not above zero; "):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "cores"), [("0.5", 0.5), ("500m", 0.5), ("2", 2.0), ("1.25", 1.25), ("1m", 0.001), (0.1, 0.1), (3, 3.0)]
)
def test_parse_cpu_reads_cores_and_millicores(text, cores):
    assert parse_cpu(text) == cores


@pytest.mark.parametrize("text", ["", "half", "-1", "1 core", "5%", "1,5", "m", "nan"])
def test_parse_cpu_rejects_invalid_text(text):
    with pytest.raises(
        ValueError, match=r"^is not a valid CPU quantity; write cores like 0\.5 or 2, or millicores like 500m$"
    ):
        parse_cpu(text)


@pytest.mark.parametrize("text", ["0", "0.0009", "0.9m"])
def test_parse_cpu_rejects_less_than_a_millicore(text):
    with pytest.raises(ValueError, match=r"^is less than a thousandth of a core; "):
        parse_cpu(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [(512 * MIB, "512Mi"), (1536 * MIB, "1.5Gi"), (GIB, "1Gi"), (1023, "1023 B"), (0, "0 B"), (1 << 40, "1Ti")],
)
def test_format_size_uses_largest_unit(size, text):
    assert format_size(size) == text


def test_mebibytes_rounds_down():
    assert (mebibytes(MIB), mebibytes(2 * MIB - 1), mebibytes(0)) == (1, 1, 0)
