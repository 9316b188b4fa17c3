"""A student's id is theirs: in whatever order names come, in this run or a later one, nobody gets another's."""

import itertools
import json
import os
import unicodedata

import pytest

from vistext.grading.students import LONGEST, Students, safe_name

ALIKE = {
    "a space": ("anna s", "anna_s"),
    "two spaces": ("a  b", "a_b"),
    "Unicode's forms": (unicodedata.normalize("NFD", "Müller"), unicodedata.normalize("NFC", "Müller")),
    "case": ("Anna", "anna"),
    "case and ß": ("STRASSE", "straße"),
    "full width": ("ａｎｎａ", "anna"),
    "what is no name": ("..", "💩"),
    "what is no UTF-8": ("anna\udcff", "anna\udcfe"),
    "beyond the cut": ("x" * 150 + "a", "x" * 150 + "b"),
    "a slash": ("a/b", "a\\b"),
}


def disk_s(identity):
    """An id as a disk sees it that does not tell case and Unicode's forms apart."""
    return unicodedata.normalize("NFD", identity).casefold()


@pytest.mark.parametrize("kind", ALIKE)
@pytest.mark.parametrize("turned", [False, True])
def test_two_names_that_come_to_one_id_have_two_and_a_person_can_be_told(kind, turned, tmp_path):
    first, second = ALIKE[kind][::-1] if turned else ALIKE[kind]
    students = Students(tmp_path / "students.json")
    students.add([first, second])
    assert disk_s(students.id(first)) != disk_s(students.id(second))
    assert (students.namesake(first), students.namesake(second)) in ((None, first), (second, None))


@pytest.mark.parametrize("kind", ALIKE)
def test_a_later_run_changes_nobody_s_id_whoever_comes_first_in_it(kind, tmp_path):
    first, second = ALIKE[kind]
    for number, order in enumerate(itertools.permutations([first, second])):
        file = tmp_path / f"{number}.json"
        one = Students(file)
        one.add(order[:1])
        kept = one.id(order[0])
        later = Students(file)
        later.add(order[::-1])
        assert later.id(order[0]) == kept == safe_name(order[0])
        assert later.namesake(order[1]) == order[0]
        again = Students(file)
        again.add(order)
        assert [again.id(name) for name in order] == [later.id(name) for name in order]


def test_who_is_called_as_the_id_is_has_it_before_others_of_the_same_run():
    students = Students()
    students.add(["anna s", "anna_s"])
    assert students.id("anna_s") == "anna_s"
    assert students.namesake("anna s") == "anna_s"


def test_an_id_that_somebody_has_guessed_does_not_get_them_another_s():
    students = Students()
    students.add(["anna_s", "anna s"])
    guess = students.id("anna s")
    later = Students()
    later.add(["anna_s", guess, "anna s"])
    assert later.id(guess) == guess
    assert len({later.id(name) for name in ("anna_s", guess, "anna s")}) == 3


def test_a_row_that_is_in_the_gradebook_already_is_not_taken_by_who_only_comes_to_its_id():
    students = Students(taken=["anna_s"])
    students.add(["anna s"])
    assert students.id("anna s") != "anna_s"
    students.add(["anna_s"])
    assert students.id("anna_s") == "anna_s"


def test_folders_that_are_called_as_ids_are_belong_to_whose_ids_they_are():
    students = Students()
    students.add(["Anna Müller"])
    students.add(["Anna_Müller", "ben"], are_ids=True)
    assert students.id("Anna_Müller") == students.id("Anna Müller") == "Anna_Müller"
    assert students.namesake("Anna_Müller") is None
    assert students.id("ben") == "ben"


def test_an_instructor_can_say_that_two_names_are_one_student(tmp_path):
    file = tmp_path / "students.json"
    file.write_text(json.dumps({"anna_s": "anna_s", "anna s": "anna_s"}))
    students = Students(file)
    students.add(["anna s", "anna_s"])
    assert students.id("anna s") == students.id("anna_s") == "anna_s"
    assert students.namesake("anna s") is None


@pytest.mark.parametrize("content", ["{", "[]", '{"anna": 5}', '{"anna": "../anna"}', '{"anna": ""}'])
def test_a_damaged_list_of_students_is_said_and_not_begun_anew(content, tmp_path):
    (tmp_path / "students.json").write_text(content)
    with pytest.raises(ValueError, match=r"students\.json"):
        Students(tmp_path / "students.json")


@pytest.mark.parametrize("name", ["ü" * 300, "王" * 300, "a" * 249, "🎓王" * 100, "a" * 99 + "é"])
def test_an_id_leaves_room_in_a_file_s_name_whatever_its_letters_take(name, tmp_path):
    identity = safe_name(name)
    assert len(os.fsencode(identity)) <= LONGEST
    (tmp_path / f".{identity}-12345678.json.part").touch()
    assert identity == safe_name(identity)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc", "etc"),
        ("a/b\\c", "a_b_c"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("anna.müller@x.org", "anna.müller@x.org"),
        ("\u202eevil\x1b[31m", "evil_31m"),
        ("a" * 500, "a" * 100),
    ],
)
def test_a_name_leads_nowhere_once_it_is_cleaned(name, safe):
    assert safe_name(name) == safe
