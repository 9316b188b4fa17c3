"""What honest students, editors and learning platforms make of a submission: everybody gets a row, and their work.

Each case says what lies in the folder of submissions, and for each student what is to be found: their notebook, or
what a person is told.
"""

import gzip
import io
import json
import tarfile
import zipfile

import pytest
from submissions import LARGEST, NAME, RIGHT, WRONG, as_bytes, found, hand_in, make_release, put, zipped

from vistext.grading.collect import Search, collect
from vistext.grading.selection import cell_texts

WORK = as_bytes(hand_in(RIGHT))
EARLIER = as_bytes(hand_in(WRONG))
UNTOUCHED = as_bytes(make_release())
OTHER_SET = WORK.replace(b"ps90", b"ps91")
UTF_16 = WORK.decode().encode("utf-16")
GIVEN = frozenset(cell_texts(json.loads(UNTOUCHED)))
OLD_NOTEBOOK = json.dumps(
    {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": ["# exercise: ps90-1\n", "x = 1"]}]}]}
).encode()


def tarred(files, mode="w:gz"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def raw_zip(names):
    """A zip whose names are these bytes, as a tool writes them that says nothing of UTF-8."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, content in enumerate(names.values()):
            archive.writestr(f"{number:0{len(list(names)[number])}d}", content)
    content = buffer.getvalue()
    for number, name in enumerate(names):
        content = content.replace(f"{number:0{len(name)}d}".encode(), name)
    return content


def says(text):
    return None, text


# Of files: what is handed in under "anna", and what is found of her; ben's notebook is always there.
FILES = {
    "a Python script": ({"work.py": b"x = 1"}, says("no notebook in what was handed in: 'anna/work.py'")),
    "a page": ({"ps90_standin.html": b"<html></html>"}, says("'anna/ps90_standin.html'")),
    "a PDF": ({"report.pdf": b"%PDF-1.7"}, says("'anna/report.pdf'")),
    "a document": ({"ps90.docx": zipped({"word/document.xml": b""})}, says("'anna/ps90.docx'")),
    "a .rar": ({"work.rar": b"Rar!\x1a\x07"}, says("ask for the notebook itself, or for a .zip")),
    "a .7z": ({"work.7z": b"7z\xbc\xaf"}, says("ask for the notebook itself, or for a .zip")),
    "an empty folder": ({}, says("nothing was handed in")),
    "folders with nothing in them": ({"a/b/": None}, says("nothing was handed in")),
    "only hidden files": ({".DS_Store": b"x"}, says("nothing was handed in")),
    "an empty zip": ({"work.zip": zipped({})}, says("'anna/work.zip' is empty")),
    "a zip of an empty folder": ({"work.zip": zipped({"work/": b""})}, says("'anna/work.zip' is empty")),
    "a file of no bytes": ({"ps90_standin.ipynb": b""}, (b"", "")),
    "half a zip": ({"work.zip": zipped({NAME: WORK})[:300]}, says("cut short or damaged")),
    "a zip that is none": ({"work.zip": b"<html>log in first</html>"}, says("cut short or damaged")),
    "half a .tar.gz": ({"work.tar.gz": tarred({NAME: WORK})[:-40]}, says("cut short or damaged")),
    "half a .tar": ({"work.tar": tarred({NAME: WORK}, "w")[:-12000]}, says("cut short or damaged")),
    "online text": ({"onlinetext.html": b"<p>See my folder</p>"}, says("'anna/onlinetext.html'")),
    "a picture": ({"screen.png": b"\x89PNG"}, says("'anna/screen.png'")),
    "a link to elsewhere": ({"link.txt": b"https://colab.research.google.com/drive/1"}, says("'anna/link.txt'")),
    "a shortcut to Colab": ({"ps90.gdoc": b'{"url": "https://x"}'}, says("'anna/ps90.gdoc'")),
    "JSON that is no notebook": ({"data.json": b'{"a": 1}'}, says("'anna/data.json'")),
    "the notebook of another set": (
        {"homework.ipynb": OTHER_SET},
        says("exercises of ps91, not of ps90_standin"),
    ),
    "a notebook called .ipynb.txt": ({"ps90_standin.ipynb.txt": WORK}, (WORK, "")),
    "a notebook called .txt": ({"ps90_standin.txt": WORK}, (WORK, "")),
    "a notebook called .json": ({"ps90_standin.json": WORK}, (WORK, "")),
    "a notebook called .ipynb.json": ({"ps90_standin.ipynb.json": WORK}, (WORK, "")),
    "a notebook without an ending": ({"ps90_standin": WORK}, (WORK, "")),
    "a notebook called .IPYNB": ({"PS90_STANDIN.IPYNB": WORK}, (WORK, "")),
    "a download that a browser has numbered": ({"ps90_standin.ipynb (1)": WORK}, (WORK, "")),
    "a notebook in UTF-16": ({NAME: UTF_16}, (UTF_16, "")),
    "a notebook in UTF-16 called .txt": (
        {"a.txt": UTF_16},
        (UTF_16, ""),
    ),
    "a notebook with a BOM called .txt": ({"a.txt": b"\xef\xbb\xbf" + WORK}, (b"\xef\xbb\xbf" + WORK, "")),
    "an old notebook called .json": ({"a.json": OLD_NOTEBOOK}, (OLD_NOTEBOOK, "")),
    "a zip called .ipynb": ({"ps90_standin.ipynb": zipped({NAME: WORK})}, (WORK, "")),
    "a zip without an ending": ({"work": zipped({NAME: WORK})}, (WORK, "")),
    "a zip in a zip": ({"work.zip": zipped({"inner.zip": zipped({NAME: WORK})})}, (WORK, "")),
    "a .tar.gz": ({"work.tar.gz": tarred({f"work/{NAME}": WORK})}, (WORK, "")),
    "a .tgz": ({"work.tgz": tarred({NAME: WORK})}, (WORK, "")),
    "a .tar": ({"work.tar": tarred({NAME: WORK}, "w")}, (WORK, "")),
    "a .tar.xz": ({"work.tar.xz": tarred({NAME: WORK}, "w:xz")}, (WORK, "")),
    "a .tar.gz in a zip": ({"work.zip": zipped({"work.tar.gz": tarred({NAME: WORK})})}, (WORK, "")),
    "a notebook packed by gzip alone": ({"a.ipynb.gz": gzip.compress(WORK)}, says("'anna/a.ipynb.gz'")),
    "folders of Windows in a zip": ({"work.zip": zipped({"work\\deep\\ps90_standin.ipynb": WORK})}, (WORK, "")),
    "a checkpoint beside it": ({NAME: WORK, f".ipynb_checkpoints/{NAME}": EARLIER}, (WORK, "")),
    "a report beside it": ({NAME: WORK, "report.pdf": b"%PDF"}, (WORK, "beside the notebook, and not graded")),
    "a module beside it": ({NAME: WORK, "helpers.py": b"x = 1"}, (WORK, "'anna/helpers.py'")),
    "a damaged zip beside it": ({NAME: WORK, "a.zip": b"PK\x03\x04"}, (WORK, "'anna/a.zip' is cut short")),
    "sets in folders": ({f"ps90/{NAME}": WORK, f"ps91/{NAME}": OTHER_SET}, (WORK, "")),
    "all sets in one folder": ({"Untitled.ipynb": WORK, "Untitled1.ipynb": OTHER_SET}, (WORK, "")),
    "what a Mac adds": ({"w.zip": zipped({NAME: WORK, f"__MACOSX/._{NAME}": b"x"})}, (WORK, "")),
    **{
        f"another set's lines, written {line}": (
            {"x.ipynb": WORK.replace(b"# exercise: ps90-", json.dumps(line)[1:-1].encode())},
            says("holds exercises of ps91"),
        )
        for line in ("# Exercise: PS91-", "## exercise ps91 - ", "#exercise: ps91_", "# exercise: ps91\u2013")
    },
    # Which of several is graded.
    "an untouched copy": ({"ps90_standin.ipynb": UNTOUCHED, "mine.ipynb": WORK}, (WORK, "2 notebooks of this set")),
    "an untouched one that is later": (
        {NAME: WORK, "ps90_standin-2.ipynb": UNTOUCHED},
        (WORK, "as it was given"),
    ),
    "-10 after -2": ({"ps90_standin-2.ipynb": EARLIER, "ps90_standin-10.ipynb": WORK}, (WORK, "'anna/ps90_standin-10")),
    "(2) after none": ({NAME: EARLIER, "ps90_standin (2).ipynb": WORK}, (WORK, "(2).ipynb' was graded")),
    "half a notebook that is later": ({NAME: WORK, "ps90_standin-2.ipynb": EARLIER[:99]}, (WORK, "cannot be read")),
    "Teams' versions": ({f"Version 9/{NAME}": EARLIER, f"Version 10/{NAME}": WORK}, (WORK, "2 notebooks")),
    "a copy that is the same": ({NAME: WORK, "copy.ipynb": WORK}, (WORK, "")),
    "an experiment beside it": (
        {NAME: WORK, "scratch-9.ipynb": b'{"cells": [{"source": "1"}]}'},
        (WORK, "2 notebooks"),
    ),
}


@pytest.mark.parametrize("accident", FILES)
@pytest.mark.parametrize("packed", [False, True])
def test_what_a_student_hands_in_is_taken_or_told(accident, packed, tmp_path):
    uploaded, (content, reason) = FILES[accident]
    files = {f"anna/{name}": file for name, file in uploaded.items()} or {"anna/": None}
    files[f"ben/{NAME}"] = WORK
    put(tmp_path, {"class.zip": zipped(files)} if packed else files)
    submissions = found(tmp_path / "class.zip" if packed else tmp_path, given=GIVEN)
    assert sorted(submissions) == ["anna", "ben"]
    assert submissions["anna"].content == content
    flags = " | ".join(submissions["anna"].flags)
    assert reason in flags if reason else flags == ""


MOODLE, BLACKBOARD = "Jane Doe_12345_assignsubmission_file_", "ps90_jdoe3_attempt_2026-11-20-10-11-12"
# Of platforms: what is in the export, and each student with what is graded.
EXPORTS = {
    "Canvas": (
        {
            "doejane_LATE_123_456_ps90_standin-1.ipynb": WORK,
            "roeann_124_457_Copy_of_ps90_standin.ipynb": WORK,
            "moebob_125_458_Kopie_von_ps90_standin-Copy1.ipynb": WORK,
            "poejim_126_459_ps90_standin-final.ipynb": WORK,
            "loesam_127_460_homework1.ipynb": WORK,
            "koetim_128_461_Untitled3 (2).ipynb": WORK,
            "noekim_129_text.html": b"<p>see my mail</p>",
            "hoelee_130_462_work.zip": zipped({NAME: WORK}),
            "foemax_131_463_report.pdf": b"%PDF",
        },
        {
            **dict.fromkeys(
                ["doejane_123", "roeann_124", "moebob_125", "poejim_126", "loesam_127", "koetim_128"], WORK
            ),
            **{"noekim_129": None, "hoelee_130": WORK, "foemax_131": None},
        },
    ),
    "Canvas, uploaded again": (
        {
            "doejane_123_998_ps90_standin-2.ipynb": EARLIER,
            "doejane_LATE_123_1001_ps90_standin-10.ipynb": WORK,
            "roeann_124_997_ps90_standin.ipynb": WORK,
            "roeann_124_1002_ps90_standin-1.ipynb": UNTOUCHED,
        },
        {"doejane_123": WORK, "roeann_124": WORK},
    ),
    "Moodle, by folder": (
        {
            f"{MOODLE}/{NAME}": WORK,
            "Jane Doe_12345_assignsubmission_onlinetext_/onlinetext.html": b"<p>Dear Sir</p>",
            "Jane Doe_12346_assignsubmission_file_/Untitled.ipynb": EARLIER,
            "Ann Roe_12347_assignsubmission_onlinetext_/onlinetext.html": b"<p>I forgot</p>",
        },
        {"Jane_Doe_12345": WORK, "Jane_Doe_12346": EARLIER, "Ann_Roe_12347": None},
    ),
    "Moodle, flat": (
        {f"{MOODLE}homework1.ipynb": WORK, "Ann Roe_9_assignsubmission_file_work.zip": zipped({"x.ipynb": WORK})},
        {"Jane_Doe_12345": WORK, "Ann_Roe_9": WORK},
    ),
    "Moodle, in a folder": ({f"Course-Problem set 90-77/{MOODLE}/{NAME}": WORK}, {"Jane_Doe_12345": WORK}),
    "Blackboard": (
        {
            f"{BLACKBOARD}_ps90_standin.ipynb": EARLIER,
            f"{BLACKBOARD}.txt": b"Name: Jane Doe (jdoe3)",
            "ps90_jdoe3_attempt_2026-11-21-09-00-00_homework1.ipynb": WORK,
            "ps90_jdoe3_attempt_2026-11-21-09-00-00.txt": b"Name: Jane Doe (jdoe3)",
            "ps90_aroe_attempt_2026-11-20-10-11-12.txt": b"There are no files",
        },
        {"jdoe3": WORK, "aroe": None},
    ),
    "Brightspace": (
        {
            f"123-456 - Jane Doe - Nov 20, 2026 1011 AM/{NAME}": EARLIER,
            f"123-456 - Jane Doe - Nov 20, 2026 0111 PM/{NAME}": WORK,
            "124-456 - Ann Roe - Nov 9, 2026 1011 AM/Untitled3.ipynb": WORK,
            "index.html": b"<html>",
        },
        {"Jane_Doe_123": WORK, "Ann_Roe_124": WORK},
    ),
    "GitHub Classroom": (
        {f"ps90-submissions/ps90-janedoe/{NAME}": WORK, "ps90-submissions/ps90-ann-roe/src/a.ipynb": WORK},
        {"janedoe": WORK, "ann-roe": WORK},
    ),
    "GitHub Classroom, all sets": (
        {
            f"ps90-submissions/ps90-janedoe/{NAME}": WORK,
            f"ps90-submissions/ps90-annroe/{NAME}": WORK,
            f"ps91-submissions/ps91-janedoe/{NAME}": OTHER_SET,
            f"ps91-submissions/ps91-bob/{NAME}": OTHER_SET,
        },
        {"janedoe": WORK, "annroe": WORK},
    ),
    "GitHub Classroom, one student": ({f"ps90-submissions/ps90-janedoe/{NAME}": WORK}, {"janedoe": WORK}),
    "Google Classroom": (
        {"Jane Doe - ps90_standin.ipynb": WORK, "Ann Roe - Copy of ps90_standin.ipynb": WORK},
        {"Jane_Doe": WORK, "Ann_Roe": WORK},
    ),
    "nbgrader's exchange": (
        {
            f"jdoe3+ps90_standin+2026-11-20 10:11:12.0 UTC/{NAME}": WORK,
            f"jdoe3+ps90_standin+2026-11-19 10:11:12 UTC/{NAME}": EARLIER,
        },
        {"jdoe3": WORK},
    ),
    "one level too deep": ({f"class/anna/{NAME}": WORK, f"class/ben/{NAME}": WORK}, {"anna": WORK, "ben": WORK}),
    "two levels too deep": (
        {f"ps90/submissions/anna/{NAME}": WORK, f"ps90/submissions/ben/{NAME}": WORK},
        {"anna": WORK, "ben": WORK},
    ),
    "three students in a folder of any name": (
        {f"Handed in 2026/{name}/{NAME}": WORK for name in ("anna", "ben", "cleo")},
        {"anna": WORK, "ben": WORK, "cleo": WORK},
    ),
    "a folder for each set": (
        {f"ps90_standin/anna/{NAME}": WORK, "ps90_standin/ben.ipynb": WORK, "ps91/anna/a.ipynb": OTHER_SET},
        {"anna": WORK, "ben": WORK},
    ),
    "one student with two folders": ({f"anna/solution/{NAME}": WORK, "anna/data/x.csv": b"1"}, {"anna": WORK}),
    "a nameless notebook among named ones": (
        {f"anna_{NAME}": WORK, f"ben_{NAME}": WORK, NAME: EARLIER},
        {"anna": WORK, "ben": WORK, "ps90_standin": EARLIER},
    ),
    "files of all kinds, flat": (
        {
            f"anna_{NAME}": WORK,
            "b_ps90.py": b"x",
            "c_ps90.pdf": b"%PDF",
            "d.rar": b"Rar!",
            "emil.ipynb.txt": WORK,
        },
        {"anna": WORK, "b": None, "c": None, "d": None, "emil": WORK},
    ),
    "lists beside students": (
        {f"anna/{NAME}": WORK, f"ben/{NAME}": WORK, "grades.csv": b"a,b", "index.html": b"<p>", "timestamp.txt": b"x"},
        {"anna": WORK, "ben": WORK},
    ),
}
LAYOUTS = {  # of anna and ben
    "nested": {f"anna/{NAME}": WORK, f"ben/deep/er/{NAME}": WORK},
    "nbgrader's": {f"anna/ps90_standin/{NAME}": WORK, f"ben/ps90_standin/{NAME}": WORK},
    "flat": {f"anna_{NAME}": WORK, "ben-ps90.ipynb": WORK},
    "flat, with numbers": {"anna.ipynb": WORK, "ben ps90_standin (1).ipynb": WORK},
    "a zip each": {"anna.zip": zipped({NAME: WORK}), "ben_ps90.zip": zipped({f"x/y/{NAME}": WORK})},
    "a zip in a folder": {"anna/work.zip": zipped({NAME: WORK}), f"ben/{NAME}": WORK},
    "a zip of folders": {"all.zip": zipped({f"anna/{NAME}": WORK, f"ben/{NAME}": WORK})},
    "a zip of one folder of folders": {"all.zip": zipped({f"all/anna/{NAME}": WORK, f"all/ben/{NAME}": WORK})},
    "a zip of files": {"all.zip": zipped({f"anna_{NAME}": WORK, f"ben_{NAME}": WORK})},
    "a zip of zips": {"all.zip": zipped({"anna.zip": zipped({NAME: WORK}), f"ben/{NAME}": WORK})},
}


@pytest.mark.parametrize("export", [*EXPORTS, *LAYOUTS])
@pytest.mark.parametrize("packed", [False, True])
def test_an_export_gives_each_student_their_latest_work(export, packed, tmp_path):
    files, students = EXPORTS.get(export) or (LAYOUTS[export], {"anna": WORK, "ben": WORK})
    packed = packed and "all.zip" not in files  # a class in a zip in a zip is not looked for
    put(tmp_path, {"export.zip": zipped(files)} if packed else files)
    submissions = found(tmp_path, given=GIVEN)
    assert {name: one.content for name, one in submissions.items()} == students
    assert all(one.flags for one in submissions.values() if one.content is None)
    assert export in EXPORTS or not any(one.flags for one in submissions.values())


@pytest.mark.parametrize(
    ("name", "content", "student"),
    [
        ("anna_ps90_standin.ipynb", WORK, "anna"),
        ("doejane_LATE_123_456_ps90.ipynb", WORK, "doejane_123"),
        ("doejane_LATE_123_456_ps90.zip", zipped({NAME: WORK}), "doejane_123"),
        ("doejane_LATE_123_456_ps90.zip", zipped({f"ps90_standin/{NAME}": WORK}), "doejane_123"),
        ("anna.zip", zipped({NAME: WORK}), "anna"),
        ("anna.zip", zipped({"Untitled3.ipynb": WORK}), "anna"),
        ("anna_ps90.zip", zipped({f"ps90_standin/{NAME}": WORK}), "anna"),
        ("anna.zip", zipped({NAME: WORK, "data/x.csv": b"1", "scratch.ipynb": b'{"cells": []}'}), "anna"),
        ("anna.zip", zipped({f"anna/{NAME}": WORK}), "anna"),
        ("anna.tar.gz", tarred({f"anna/{NAME}": WORK}), "anna"),
    ],
)
@pytest.mark.parametrize("by_itself", [False, True])
def test_a_single_late_submission_keeps_its_student(name, content, student, by_itself, tmp_path):
    put(tmp_path, {name: content})
    submissions = found(tmp_path / name if by_itself else tmp_path, given=GIVEN)
    assert {name: one.content for name, one in submissions.items()} == {student: WORK}


def test_of_a_notebook_that_says_nothing_of_its_student_a_person_is_told(tmp_path):
    put(tmp_path, {NAME: WORK})
    [submission] = found(tmp_path / NAME).values()
    assert (submission.student, submission.content) == ("ps90_standin", WORK)
    assert "whose it is cannot be told" in submission.flags[0]


def test_a_student_s_own_folder_can_be_given(tmp_path):
    put(tmp_path, {f"anna/{NAME}": WORK, "anna/data/x.csv": b"1"})
    assert {name: one.content for name, one in found(tmp_path / "anna").items()} == {"anna": WORK}


def test_a_student_who_is_called_as_a_set_might_be_has_a_row_where_the_course_has_no_such_set(tmp_path):
    put(tmp_path, {f"ps12/{NAME}": WORK, f"anna/{NAME}": WORK, f"ps91/anna/{NAME}": OTHER_SET})
    assert sorted(found(tmp_path, sets=frozenset({"ps90", "ps91"}))) == ["anna", "ps12"]


def test_a_project_is_told_from_the_problem_set_of_the_same_number(tmp_path):
    other = WORK.replace(b"exercise: ps90", b"exercise: pr90")
    put(
        tmp_path,
        {"anna/work.ipynb": WORK, "anna/later.ipynb": other, f"ben/pr90_{NAME[5:]}": other, "ben/b.ipynb": WORK},
    )
    assert {name: one.content for name, one in found(tmp_path).items()} == {"anna": WORK, "ben": WORK}
    project = {one.student: one for one in collect(Search(tmp_path, "pr90_standin", LARGEST))}
    assert {name: one.content for name, one in project.items()} == {"anna": other, "ben": other}


def test_a_table_that_a_student_hands_in_is_no_list_of_the_instructor_s(tmp_path):
    put(tmp_path, {f"anna_{NAME}": WORK, "ben_ps90.csv": b"1", "doejane_12_34_grades.csv": b"1", "Grades-90.csv": b"1"})
    assert sorted(found(tmp_path)) == ["anna", "ben", "doejane_12"]


def test_earlier_attempts_that_a_platform_has_dated_are_no_news(tmp_path):
    put(tmp_path, EXPORTS["Blackboard"][0])
    assert found(tmp_path, given=GIVEN)["jdoe3"].flags == []


@pytest.mark.parametrize(
    ("raw", "student"),
    [
        ("Jürgen_Müller".encode(), "Jürgen_Müller"),
        ("Ju\u0308rgen".encode(), "Jürgen"),
        ("王小明".encode(), "王小明"),
        ("Jürgen Müller".encode("cp437"), "Jürgen_Müller"),
        ("Jörg".encode("cp437"), "Jörg"),
        ("Zoë".encode("cp437"), "Zoë"),
        ("François Özil".encode("cp437"), "François_Özil"),
    ],
)
def test_a_name_in_a_zip_is_read_as_who_packed_it_meant_it(raw, student, tmp_path):
    put(tmp_path, {"class.zip": raw_zip({raw + b"/ps90_standin.ipynb": WORK, b"ben/ps90_standin.ipynb": WORK})})
    for _ in range(2):
        assert sorted(found(tmp_path)) == sorted([student, "ben"])


def test_a_set_that_nobody_has_handed_in_has_no_rows_for_what_belongs_to_others(tmp_path):
    put(tmp_path, {"anna/Untitled.ipynb": OTHER_SET, "ben/ps91.pdf": b"%PDF", "cleo/notes.pdf": b"%PDF"})
    assert list(collect(Search(tmp_path, "ps90_standin", LARGEST))) == []


def test_a_class_s_zip_can_be_named_itself(tmp_path):
    put(tmp_path, {"all.zip": zipped({f"anna/{NAME}": WORK}), "other.zip": b""})
    assert list(found(tmp_path / "all.zip")) == ["anna"]


def test_a_bad_name_in_a_class_s_zip_costs_only_itself(tmp_path):
    put(tmp_path, {"all.zip": zipped({f"anna/{NAME}": WORK, f"../ben/{NAME}": WORK})})
    submissions = found(tmp_path)
    assert submissions["anna"].content == WORK
    assert "leads out" in submissions["all"].flags[0]
    assert not (tmp_path.parent / "ben").exists()


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds the submissions"):
        found(tmp_path / "nowhere")
