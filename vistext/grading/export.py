"""nbgrader's table of marks, in which a spreadsheet takes nothing for a formula.

nbgrader export --exporter vistext.grading.export.Csv --to grades.csv
"""

import csv
from pathlib import Path

from nbgrader.plugins import CsvExportPlugin

from vistext.grading.feedback import no_formula


class Csv(CsvExportPlugin):
    """What `nbgrader export` writes, with names such as "+1+1" as texts."""

    def export(self, gradebook) -> None:
        super().export(gradebook)
        place = Path(self.to or "grades.csv")
        with place.open(encoding="locale", newline="") as written:
            rows = list(csv.reader(written))
        with place.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([no_formula(value) for value in row] for row in rows)
