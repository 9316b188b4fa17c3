"""A student's page; and tables that are text to a spreadsheet, whatever students are called."""

import csv
import re
from dataclasses import replace

import pytest

from vistext.grading import feedback
from vistext.grading.export import Csv
from vistext.grading.records import Graded, Record, Result


def row_of(student, seed=1, flag=""):
    record = Record(student, "d", seed, "", Graded(flags=[flag]))
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


FORMULAS = ["+1+1", "@SUM(A1)", "-2", "=1", " =1", "\t=1", "\r=1", "\n=1", "a;=1", "a\t=1", "a,@b", "a|+1"]


@pytest.mark.parametrize("name", [*FORMULAS, "＝1", "＋1", "－1", "＠x"])
def test_no_name_begins_a_formula_wherever_a_spreadsheet_divides_a_line(name):
    row = row_of(name, seed=-1, flag=name)
    assert not re.search(r"(?:^|[;,|\t])[\"\s]*[=+\-@＝＋－＠]", row)
    assert row.endswith(",'-1,d")


def test_a_name_with_these_signs_in_it_stays_as_it_is():
    assert row_of("anna-b+c@uni.example").startswith("anna-b+c@uni.example,")


def test_a_page_says_what_is_right_what_is_not_and_what_to_look_at():
    right = Result("One", 2.0, "function", "01_tagging.ipynb#Pooling", 2.0, passed=True, idea="Right.")
    wrong = replace(right, title="Two", score=0.0, passed=False, idea="Use `max`.")
    wrong = replace(wrong, asked="f(<3)", came_back="4", expected="5")
    read = replace(right, title="Three", score=None, passed=False, idea="A person reads it.")
    graded = Graded({"a": right, "b": wrong, "c": read}, notes=["a & b"], flags=["not for students"])
    page = feedback.page("ps90", "anna<", graded)
    for part in ("2 of 6 points", "2 more are given by a person", "✓ One", "✗ Two", "✎ Three", "f(&lt;3)", "a &amp; b"):
        assert part in page
    assert "<code>max</code>" in page
    assert "notebooks/01_tagging.ipynb#Pooling" in page
    assert "not for students" not in page
    assert "anna<" not in page
    assert "default-src 'none'" in page
    assert 'name="viewport"' in page


def test_the_histogram_counts_everybody():
    lines = feedback.histogram([0.0, 0.05, 0.5, 0.99, 1.0]).splitlines()
    assert [int(line.split()[-1]) for line in lines] == [2, 0, 0, 0, 0, 1, 0, 0, 0, 2]
