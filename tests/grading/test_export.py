"""The table that nbgrader exports is text to a spreadsheet, whatever students are called."""

import csv

from nbgrader.apps.exportapp import ExportApp

from vistext.grading.export import Csv


def test_no_name_is_a_formula_in_what_nbgrader_exports(course, tmp_path):
    names = ["+1+1", "@SUM(A1)", "anna", "b@c.example"]
    with course.open() as gradebook:
        gradebook.update_or_create_assignment(course.assignment)
        for name in names:
            gradebook.update_or_create_student(name, first_name="=1", email=f"{name[:1]}@c.example")
        ExportApp.clear_instance()
        Csv(to=str(tmp_path / "grades.csv")).export(gradebook)
    with (tmp_path / "grades.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["student_id"] for row in rows} == {"'+1+1", "'@SUM(A1)", "anna", "b@c.example"}
    assert {row["first_name"] for row in rows} == {"'=1"}
    assert {row["assignment"] for row in rows} == {course.assignment}
