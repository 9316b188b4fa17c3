"""Names that learning platforms make say whose a file is, and the table of them is held to its own examples."""

import time

import pytest

from vistext.grading.platforms import BOTH, FILE, PLATFORMS, copy_number, is_set_name, read_name, shortened

SET = "ps01_tagging"
EXAMPLES = [
    (platform, name, owner, platform.of != FILE and not (platform.of == BOTH and name.endswith(("ipynb", "html"))))
    for platform in PLATFORMS
    for name, owner in platform.examples.items()
]


@pytest.mark.parametrize(("platform", "name", "owner", "folder"), EXAMPLES)
def test_each_example_of_the_table_is_read_as_the_table_says(platform, name, owner, folder):
    read = read_name(name, SET, folder=folder)
    assert (read.platform, read.owner) == (platform.name, owner)


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("anna_ps01_tagging.ipynb", "anna"),
        ("anna ps01_tagging (1).ipynb", "anna"),
        ("anna-ps01.ipynb", "anna"),
        ("ps01_anna.ipynb", "anna"),
        ("PS1_anna.ipynb", "anna"),
        ("anna_ps01_whatever.ipynb", "anna"),
        ("anna_ps01_tagging-final.ipynb", "anna"),
        ("anna_ps01.ipynb.txt", "anna"),
        ("anna_ps01.ipynb (1)", "anna"),
        ("anna_ps01.pages", "anna"),
        ("anna.zip", "anna"),
        ("anna.müller.ipynb", "anna.müller"),
        ("anna_ps01.tar.gz", "anna"),
        ("anna1.ipynb", "anna1"),
        ("maps1.ipynb", "maps1"),
        ("ps01_tagging.ipynb", ""),
        ("ps01_tagging-10.ipynb", ""),
        ("Copy of Kopie von ps01_tagging-Copy1 (2).ipynb", ""),
        ("homework1.ipynb", ""),
        ("Untitled3.ipynb", ""),
        ("ps01_tagging_solution.ipynb", ""),
    ],
)
def test_without_a_platform_the_owner_is_what_is_left_of_the_name(name, owner):
    assert read_name(name, SET, folder=False).owner == owner


@pytest.mark.parametrize(
    ("name", "number"),
    [("ps01-2.ipynb", 2), ("ps01-10.ipynb", 10), ("ps01 (3).ipynb", 3), ("ps01.ipynb", 0), ("ps01-Copy1.ipynb", 0)],
)
def test_the_number_of_a_further_upload_is_read_as_a_number(name, number):
    assert copy_number(name) == number


@pytest.mark.parametrize(
    "name", ["ps01_tagging", "ps01", "PS 1", "ps01-tagging.ipynb", "Copy of ps01_tagging (2).ipynb"]
)
def test_a_set_s_own_name_is_nobody_s(name):
    assert is_set_name(name, SET)


@pytest.mark.parametrize("name", ["ps02", "ps011", "ps01-janedoe", "anna_ps01", "tagging"])
def test_other_names_are_not_the_set_s(name):
    assert not is_set_name(name, SET)


@pytest.mark.parametrize(
    "name",
    [
        "Victim_777_assignsubmission_file_x_5_assignsubmission_file_ps01.ipynb",
        "ps01_eve_attempt_2026-11-20-10-11-12_x_attempt_2026-11-01-10-11-12_ps01.ipynb",
        "9-456 - Victim - Nov 1, 2026 1011 AM - Eve - Nov 20, 2026 1011 AM - ps01.ipynb",
    ],
)
def test_a_platform_s_mark_that_a_student_has_written_is_noted_and_nobody_becomes_another(name):
    read = read_name(name, SET, folder=False)
    assert read.forged
    assert read.owner not in ("Victim_777", "x", "Victim", "Victim_123")


@pytest.mark.parametrize(
    "part",
    [
        "_",
        "1",
        "_1",
        "_12_",
        "1-",
        "ps01_",
        " - ",
        "(",
        " -ps01",
        "Copy of ",
        "_attempt_2026-11-20-10-11-12",
        "+ps01+",
        "é",
    ],
)
def test_no_name_takes_long_to_read(part):
    began = time.perf_counter()
    for folder in (False, True):
        read_name(part * 60_000, SET, folder=folder)
    is_set_name(part * 60_000, SET)
    copy_number(part * 60_000)
    assert time.perf_counter() - began < 2  # linear: milliseconds; an hour if it were not


def test_long_names_are_cut_and_stay_different():
    assert len(shortened("_" * 60_000)) <= 255
    assert shortened("_" * 60_000) != shortened("_" * 60_001)
    assert shortened("anna") == "anna"
