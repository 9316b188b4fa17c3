"""Our table of a class, and what nbgrader exports, are text to a spreadsheet, whatever students are called."""

import csv
import re

import pytest

from vistext.grading import feedback
from vistext.grading.export import Csv
from vistext.grading.records import Graded, Record


def row_of(student, seed=1, flags=()):
    record = Record(student, "d", seed, "", Graded(flags=list(flags)))
    return feedback.table([record], []).splitlines()[1]


def test_no_name_is_a_formula_in_what_nbgrader_exports(course, tmp_path):
    names = ["+1+1", "@SUM(A1)", "anna", "b@c.example"]
    with course.open() as gradebook:
        gradebook.update_or_create_assignment(course.assignment)
        for name in names:
            gradebook.update_or_create_student(name, first_name="=1", email=f"{name[:1]}@c.example")
        Csv(to=str(tmp_path / "grades.csv")).export(gradebook)
    with (tmp_path / "grades.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["student_id"] for row in rows} == {"'+1+1", "'@SUM(A1)", "anna", "b@c.example"}
    assert {row["first_name"] for row in rows} == {"'=1"}
    assert {row["assignment"] for row in rows} == {course.assignment}


def test_a_spreadsheet_takes_nothing_of_the_table_for_a_formula():
    assert row_of("@x", seed=-1, flags=["=cmd|calc"]).split(",") == [
        "'@x",
        "",
        "",
        "",
        "not graded",
        "'=cmd|calc",
        "'-1",
        "d",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "+1+1",
        "@SUM(A1)",
        "-2",
        "=1",
        " =1",
        "\t=1",
        "\r=1",
        "\n=1",
        "a;=1",
        "a\t=1",
        "a,@b",
        "a|+1",
        "＝1",
        "＋1",
        "－1",
        "＠x",
    ],
)
def test_no_name_begins_a_formula_wherever_a_spreadsheet_divides_a_line(name):
    assert not re.search(r"(?:^|[;,|\t])[\"\s]*[=+\-@＝＋－＠]", row_of(name))


def test_a_name_with_these_signs_in_it_stays_as_it_is():
    assert row_of("anna-b+c@uni.example").startswith("anna-b+c@uni.example,")
