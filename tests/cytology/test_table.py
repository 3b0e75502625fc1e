"""A table of features is read whole, or row by row with a sentence for each that cannot be used."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_core.cytology import TableRefused, read_table, template
from tests.cytology import FEATURES

HEADS = ",".join(FEATURES)
PLAIN = f"{HEADS}\n14.5,0.3,0.1\n20,1,0.2\n"

numbers = st.floats(0, 1e6, allow_nan=False).map(lambda value: float(f"{value:.6g}"))
names = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=8)


def values(data: str | bytes) -> list[tuple[float, ...]]:
    return [row.values for row in read_table(data.encode() if isinstance(data, str) else data, FEATURES).rows]


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(numbers, numbers, numbers, names), min_size=1, max_size=6),
    order=st.permutations(range(4)),
    delimiter=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_was_written_is_read_whatever_the_order_of_columns(
    rows: list[tuple[float, float, float, str]], order: list[int], delimiter: str, encoding: str
) -> None:
    heads, stream = (*FEATURES, "case"), io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter)
    writer.writerows([[line[place] for place in order] for line in [heads, *rows]])
    found = read_table(stream.getvalue().encode(encoding), FEATURES)
    assert [row.values for row in found.rows] == [row[:3] for row in rows]
    assert [row.others[0] for row in found.rows] == [row[3] for row in rows]
    assert (found.others, found.refused) == (("case",), ())


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_are_too_odd_for_a_sentence(data: bytes) -> None:
    for content in (data, PLAIN.encode() + data):
        try:
            said = read_table(content, FEATURES).refused
        except TableRefused as refused:
            said = (f"Row {refused}",)
        assert all(sentence.startswith("Row ") and sentence.endswith(".") for sentence in said)


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_an_odd_cell_costs_its_own_line_at_most(cell: str) -> None:
    lines = [HEADS, "14.5,0.3,0.1", f"{cell},0.3,0.1".replace("\r", " ").replace("\n", " "), "20,1,0.2"]
    found = read_table("\n".join(lines).encode(), FEATURES)
    assert {2, 4} <= {row.number for row in found.rows}
    assert len(found.rows) + len(found.refused) == 3


@pytest.mark.parametrize(
    "heads", ["radius_mean,radius_se,concave points_worst", "MEAN RADIUS,Radius Error,worst_concave_points"]
)
def test_columns_are_known_by_their_words(heads: str) -> None:
    assert values(f"{heads}\n14.5,0.3,0.1\n") == [(14.5, 0.3, 0.1)]


def test_a_decimal_comma_is_read_where_no_comma_divides_the_cells() -> None:
    assert values("mean radius;radius error;worst concave points\n14,5;0,3;0,1\n") == [(14.5, 0.3, 0.1)]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("", "is empty"),
        ("n/a", '"n/a" is not a number'),
        ("nan", '"nan" is not a number'),
        ("1_000", '"1_000" is not a number'),
        ("-1", '"-1" is below 0'),
        ("1e99", '"1e99" is too large'),
    ],
)
def test_a_wrong_value_is_named_by_row_and_column_and_other_rows_are_not_lost(cell: str, said: str) -> None:
    found = read_table(f"{HEADS}\n14.5,0.3,0.1\n14.5,{cell},0.1\n20,1,0.2\n".encode(), FEATURES)
    assert found.refused == (f"Row 3: radius error {said}.",)
    assert [row.number for row in found.rows] == [2, 4]


def test_a_row_with_too_few_cells_is_named() -> None:
    found = read_table(f"{HEADS}\n14.5,0.3\n\n20,1,0.2\n".encode(), FEATURES)
    assert found.refused == ("Row 2 has 2 cells, the first line names 3 columns.",)
    assert [row.number for row in found.rows] == [4]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n", "No column is known"),
        (b"mean radius,radius error\n1,2\n", "1 of 3 columns are missing: worst concave points"),
        (f"{HEADS},radius_mean\n1,2,3,4\n".encode(), 'columns "mean radius" and "radius_mean" are both mean radius'),
        (b"PK\x03\x04\x00\x00", "not a text file"),
        (f"{HEADS}\n".encode() + b"1,1,1\n" * 20_001, "more than 20,000 rows"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(data: bytes, said: str) -> None:
    with pytest.raises(TableRefused, match=said):
        read_table(data, FEATURES)


def test_a_cell_of_any_length_costs_its_own_line_at_most() -> None:
    found = read_table(f"{HEADS}\n{'9' * 200_000},1,1\n14.5,0.3,0.1\n".encode(), FEATURES)
    assert [row.number for row in found.rows] == [3]
    assert len(found.refused[0]) < 100


def test_the_template_is_read_as_it_is() -> None:
    found = read_table(template(FEATURES, {"one": (14.5, 0.3, 0.1)}).encode(), FEATURES)
    assert [(row.values, row.others) for row in found.rows] == [((14.5, 0.3, 0.1), ("one",))]
