"""Fields of a schema with one mistake in their generator, and the words that the error must contain."""

from tests.core.schema.schema_texts import field

# name: (text, words that the error must contain)
GENERATORS: dict[str, tuple[str, tuple[str, ...]]] = {
    "an unknown generator": (
        field("type: int, generator: {type: int_rang, min: 1, max: 2}"),
        ("'int_rang'", "did you mean int_range?"),
    ),
    "a generator without its type": (field("type: int, generator: {min: 1}"), ("generator.type is missing",)),
    "a generator that is a list": (field("type: int, generator: [1, 2]"), ("generator: [1, 2]", "write a mapping")),
    "int_range without max": (
        field("type: int, generator: {type: int_range, min: 1}"),
        ("generator.max is missing", "int_range takes"),
    ),
    "int_range with words": (
        field("type: int, generator: {type: int_range, min: one, max: 2}"),
        ("generator.min: 'one'", "write digits"),
    ),
    "int_range with a fraction": (
        field("type: int, generator: {type: int_range, min: 1.5, max: 2}"),
        ("generator.min: 1.5", "whole number"),
    ),
    "int_range with true": (field("type: int, generator: {type: int_range, min: true, max: 2}"), ("generator.min",)),
    "int_range upside down": (
        field("type: int, generator: {type: int_range, min: 5, max: 1}"),
        ("min 5 is above max 1", "swap them"),
    ),
    "int_range beyond 64 bits": (
        field("type: big_int, generator: {type: int_range, min: 0, max: 99999999999999999999}"),
        ("generator.max",),
    ),
    "int_range beyond its type": (
        field("type: tiny_int, generator: {type: int_range, min: 0, max: 300}"),
        ("reaches 300", "widen"),
    ),
    "an unknown parameter of a generator": (
        field("type: int, generator: {type: int_range, min: 0, max: 3, step: 1}"),
        ("generator.step", "is not a parameter", "int_range takes min, max, distribution"),
    ),
    "float_range upside down": (
        field("type: double, generator: {type: float_range, min: 5, max: 1}"),
        ("is above max",),
    ),
    "float_range to infinity": (
        field("type: double, generator: {type: float_range, min: 0, max: 1e999}"),
        ("generator.max",),
    ),
    "float_range in words": (
        field("type: double, generator: {type: float_range, min: .nan, max: 1}"),
        ("generator.min: '.nan'",),
    ),
    "float beyond its type": (
        field("type: float, generator: {type: float_range, min: 0, max: 1e39}"),
        ("write double",),
    ),
    "decimal_range upside down": (
        field('type: "decimal(5,2)", generator: {type: decimal_range, min: 5, max: 1}'),
        ("min 5 is above max 1",),
    ),
    "decimal_range beyond its type": (
        field('type: "decimal(4,2)", generator: {type: decimal_range, min: 0, max: 100}'),
        ("reaches 100", "decimal(4,2)", "within 99.99"),
    ),
    "decimal_range between two units": (
        field('type: "decimal(4,1)", generator: {type: decimal_range, min: 0.11, max: 0.19}'),
        ("no value with 1 decimal places", "widen"),
    ),
    "timestamp_range without an end": (
        field("type: date, generator: {type: timestamp_range, start: 2024-01-01}"),
        ("end is missing",),
    ),
    "timestamp_range upside down": (
        field("type: date, generator: {type: timestamp_range, start: 2024-01-02, end: 2024-01-01}"),
        ("is above end",),
    ),
    "timestamp_range with words": (
        field("type: date, generator: {type: timestamp_range, start: yesterday, end: 2024-01-01}"),
        ("generator.start: 'yesterday' is not a valid instant", "write one like 2024-01-31"),
    ),
    "timestamp_range with a bad date": (
        field("type: date, generator: {type: timestamp_range, start: 2024-02-30, end: 2024-03-01}"),
        ("'2024-02-30' is not a valid instant",),
    ),
    "duration_range upside down": (
        field("type: duration, generator: {type: duration_range, min_secs: 9, max_secs: 1}"),
        ("min_secs 9 is above max_secs 1",),
    ),
    "a negative duration": (
        field("type: duration, generator: {type: duration_range, min_secs: -1, max_secs: 1}"),
        ("generator.min_secs: -1", "write 0 or more"),
    ),
    "a weight above one": (
        field("type: bool, generator: {type: weighted_bool, true_weight: 80}"),
        ("true_weight: 80", "write 1.0 or less"),
    ),
    "weights of zero": (
        field("type: text, generator: {type: one_of, values: [a, b], weights: [0, 0]}"),
        ("only weights of zero", "write at least one above zero"),
    ),
    "a negative weight": (
        field("type: text, generator: {type: one_of, values: [a, b], weights: [1, -1]}"),
        ("weights.1: -1",),
    ),
    "fewer weights than values": (
        field("type: text, generator: {type: one_of, values: [a, b], weights: [1]}"),
        ("1 weights for 2 values",),
    ),
    "one_of without values": (
        field("type: text, generator: {type: one_of, values: []}"),
        ("generator.values", "at least one item"),
    ),
    "one_of of one text": (field("type: text, generator: {type: one_of, values: abc}"), ("generator.values: 'abc'",)),
    "one_of beyond the enum": (
        field("type: {type: enum, values: [a, b]}, generator: {type: one_of, values: [a, c]}"),
        ("has the value 'c'", "write one of a, b"),
    ),
    "one_of beyond the length": (
        field('type: "char(2)", generator: {type: one_of, values: [ab, abc]}'),
        ("has the value 'abc'", "shorten it"),
    ),
    "a static of another type": (
        field("type: int, generator: {type: static, value: ten}"),
        ("'ten'", "is not a whole number"),
    ),
    "a static UUID that is invalid": (
        field("type: uuid, generator: {type: static, value: abc}"),
        ("'abc'", "is not a UUID"),
    ),
    "a pattern without its text": (field("type: text, generator: {type: pattern}"), ("generator.pattern is missing",)),
    "a pattern with an unknown placeholder": (
        field('type: text, generator: {type: pattern, pattern: "user_{idx}"}'),
        ("{idx}, which does not exist", "write {index}, {uuid} or {rand:N}"),
    ),
    "a pattern with rand in words": (
        field('type: text, generator: {type: pattern, pattern: "{rand:many}"}'),
        ("{rand:many}", "N from 1 to 100"),
    ),
    "a pattern that is not closed": (
        field('type: text, generator: {type: pattern, pattern: "user_{index"}'),
        ("not closed", "write } after it"),
    ),
    "a pattern beyond its length": (
        field('type: "varchar(5)", generator: {type: pattern, pattern: "user_name_{index}"}'),
        ("needs 10 characters", "lengthen the type"),
    ),
    "a uuid in a short text": (field('type: "char(20)", generator: uuid_v4'), ("needs 36 characters",)),
    "sample_array upside down": (
        field(
            "type: {type: array, element_type: int}, generator: {type: sample_array, pool: [1], min_length: 3, max_length: 1}"
        ),
        ("min_length 3 is above max_length 1",),
    ),
    "sample_array without a pool": (
        field("type: {type: array, element_type: int}, generator: {type: sample_array, pool: [], max_length: 1}"),
        ("generator.pool", "at least one item"),
    ),
    "sample_array of another type": (
        field("type: {type: array, element_type: int}, generator: {type: sample_array, pool: [x], max_length: 1}"),
        ("has the value 'x'", "is not a whole number"),
    ),
    "a set of more than its pool": (
        field("type: {type: set, values: [a, b]}, generator: {type: sample_array, pool: [a], max_length: 2}"),
        ("max_length 2, but a pool of only 1",),
    ),
    "null in a column without nulls": (
        field("type: text, nullable: false, generator: {type: 'null'}"),
        ("write nullable: true",),
    ),
    "an unknown distribution": (
        field("type: int, generator: {type: int_range, min: 0, max: 9, distribution: pareto}"),
        ("generator.distribution", "write uniform, normal or zipf"),
    ),
    "a zipf exponent of zero": (
        field("type: int, generator: {type: int_range, min: 0, max: 9, distribution: {type: zipf, exponent: 0}}"),
        ("generator.distribution.exponent: 0", "write more than 0.0"),
    ),
    "a mean outside the range": (
        field("type: int, generator: {type: int_range, min: 0, max: 9, distribution: {type: normal, mean: 50}}"),
        ("mean 50.0 outside its range", "from 0.0 to 9.0"),
    ),
    "a distribution in a unique column": (
        field("type: int, unique: true, generator: {type: int_range, min: 0, max: 9, distribution: zipf}"),
        ("distribution in a unique column", "drop one"),
    ),
    "a generator that cannot fill its type": (
        field("type: uuid, generator: {type: sequential}"),
        ("'sequential' cannot fill uuid", "write one of uuid_v4"),
    ),
    "a boolean pattern": (
        field('type: bool, generator: {type: pattern, pattern: "{index}"}'),
        ("cannot fill bool", "weighted_bool"),
    ),
    "an unknown locale": (
        field("type: text, generator: {type: faker, provider: name, locale: 'en us; drop'}"),
        ("generator.locale",),
    ),
    "a provider that is not a name": (
        field("type: text, generator: {type: faker, provider: __class__}"),
        ("generator.provider",),
    ),
}
