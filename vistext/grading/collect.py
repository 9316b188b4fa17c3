"""What a class has handed in for a set: from nested folders, from one flat folder, or from what an LMS exports.

A notebook is known by what is in it, not by its ending; links are not followed; everybody has a row.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from vistext.data.download import DamagedDataError
from vistext.grading import files, platforms
from vistext.grading.files import Entry
from vistext.grading.platforms import is_set_name, read_name, sets_named
from vistext.grading.process import LimitError
from vistext.grading.selection import Search, Submission, Upload, select
from vistext.grading.students import Students

LARGEST_CLASS = 16 << 30  # bytes of a class's archive
# Beside students' files: what platforms and systems add, and an instructor's lists.
NO_SUBMISSION = re.compile(
    r"index\.html|desktop\.ini|thumbs\.db|readme(?:\.\w+)?|license|timestamp\.txt|"
    r"(?:grade|mark|student|participant|roster|class|course|bewertung|teilnehm)[^/]*\.(?:csv|xlsx|ods)",
    re.IGNORECASE,
)
SHARED_FOLDERS = {"submissions", "submission", "submitted", "all", "class", "students", "download", "downloads"}
SHARED_FOLDERS |= {"export"}
MAX_WRAPPED = 6  # folders of one in another that are nobody's


def collect(
    search: Search,
    students: Students | None = None,
    call: Callable[..., Any] = lambda function, *given: function(*given),
) -> Iterator[Submission]:
    """Each student's submission of a set; `call` calls a function which may take too much, as `Worker.call` does.

    What cannot be read at all is raised: a `FileNotFoundError`, a `DamagedDataError` or a `LimitError`.
    """
    if not search.place.exists():
        raise FileNotFoundError(f"there is no {search.place}; give the folder, or the zip, that holds the submissions")
    students = students or Students()
    owners: list[str] = call(owners_of, search)
    students.add(owners, are_ids=search.by_nbgrader)
    without: list[Submission] = []  # who may have handed in for another set
    any_of_set = any_of_others = False
    for owner in owners:
        try:
            submission: Submission = call(submission_of, search, owner)
        except LimitError as error:
            submission = Submission(flags=[f"reading what was handed in {error}; it was left out"])
        submission.student, submission.owner = students.id(owner), owner
        any_of_set, any_of_others = any_of_set or submission.of_set, any_of_others or submission.of_others
        namesake = students.namesake(owner)
        if namesake is not None:
            submission.flags.append(
                f"{files.printable(owner)} would have the id of {files.printable(namesake)}, and is "
                f"{submission.student} instead; if they are one student, give both names one id in graded/students.json"
            )
        if submission.of_set:
            yield submission
        elif not submission.only_others:
            without.append(submission)
    if any_of_set or not any_of_others:
        yield from without


def owners_of(search: Search) -> list[str]:
    """The names of all who have handed in something, in a fixed order."""
    _uploads_by_owner.cache_clear()
    return sorted(_uploads_by_owner(search))


def submission_of(search: Search, owner: str) -> Submission:
    try:
        return select(_uploads_by_owner(search)[owner], search)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # a fault of ours, that one submission has found: the others are read all the same
        return Submission(flags=[f"a fault in the grader, which its authors should be told of: {type(error).__name__}"])


@lru_cache(maxsize=1)
def _uploads_by_owner(search: Search) -> dict[str, list[Upload]]:
    place, name = search.place, search.place.resolve().name
    found = [files.of_file(place)] if place.is_file() else _submissions_in(files.in_folder(place))
    if len(found) == 1 and len(found[0].path) == 1 and found[0].is_archive:
        [archive] = found
        inner: list[Entry] = []
        if not read_name(archive.path[0], search.assignment, folder=False).platform:
            try:
                inner = _submissions_in(files.in_archive(archive, LARGEST_CLASS))
            except DamagedDataError as error:
                raise DamagedDataError(f"{archive.printable} {error}; get it again") from error
        inner = _unwrapped(inner, search)
        if any(entry.path for entry in inner) and not _is_one_student_s(inner, search.assignment):
            return _by_owner(inner, archive.path[0].rpartition(".")[0], search)
    elif not place.is_file():
        found = _unwrapped(found, search)
        if _is_one_student_s(found, search.assignment):
            found = [replace(entry, path=(name, *entry.path)) for entry in found]
    return _by_owner(found, name, search)


def _submissions_in(entries: Iterator[Entry] | list[Entry]) -> list[Entry]:
    return [
        entry
        for entry in entries
        if len(entry.path) != 1 or not NO_SUBMISSION.fullmatch(entry.path[0][: platforms.LONGEST])
    ]


def _by_owner(found: Sequence[Entry], place: str, search: Search) -> dict[str, list[Upload]]:
    owners: dict[str, list[Upload]] = {}
    for entry in found:
        top = entry.path[0] if entry.path else place
        folder = len(entry.path) != 1 or (entry.opener is None and not entry.trouble)
        name = read_name(top, search.assignment, folder=folder)
        flags = []
        if name.forged:
            flags.append(f"its name, {files.printable(top)}, holds the platform's marks twice; whose is it?")
        if not name.owner:
            flags.append(f"whose it is cannot be told from its name, {files.printable(top)}")
        owner = name.owner or platforms.ENDING.sub("", top) or top
        owners.setdefault(owner, []).append(Upload(entry, name, tuple(flags)))
    return owners


def _unwrapped(found: list[Entry], search: Search) -> list[Entry]:
    """The same without folders around students' that are nobody's, and without those of other sets."""
    for _ in range(MAX_WRAPPED):
        tops = {entry.path[0] for entry in found if len(entry.path) > 1}
        wrapping = {top for top in tops if _is_shared_folder(top, search.assignment)}
        if not wrapping and len(tops) == 1 and all(len(entry.path) > 1 or not entry.path for entry in found):
            wrapping = {top for top in tops if _holds_students(found, search)}
        others = {top for top in tops if _is_of_other_set(top, search)} if len(tops) > 1 else set()
        if not wrapping and not others:
            break
        found = [_without_top(entry, wrapping) for entry in found if not (entry.path and entry.path[0] in others)]
    return found


def _is_shared_folder(name: str, assignment: str) -> bool:
    words = name.lower().replace("-", " ").replace("_", " ").split()
    rest = [word for word in words if word not in SHARED_FOLDERS]
    return is_set_name(" ".join(rest), assignment) if rest else bool(words)


def _is_of_other_set(name: str, search: Search) -> bool:
    named = sets_named(name) & search.sets
    return bool(named) and not named & sets_named(search.assignment) and name.lower().startswith(("ps", "pr"))


def _holds_students(found: Sequence[Entry], search: Search) -> bool:
    """Whether a folder that holds all holds students' folders or files, and is not itself a student's."""
    assignment = search.assignment
    top = next(entry.path[0] for entry in found if entry.path)
    if read_name(top, assignment, folder=True).platform:
        return False
    inner = [_without_top(entry, {top}) for entry in found if len(entry.path) > 1]
    names = {(entry.path[0], len(entry.path) > 1) for entry in inner}
    read = [read_name(name, assignment, folder=folder) for name, folder in names]
    if any(name.platform for name in read):
        return True
    if any(is_set_name(name, assignment) or _is_of_other_set(name, search) for name, _ in names):
        return False
    folders = {name for name, folder in names if folder}
    with_set = {entry.path[0] for entry in inner if len(entry.path) > 1 and is_set_name(entry.path[-1], assignment)}
    flat = {name.owner for name in read if name.owner and sets_named(name.file) & sets_named(assignment)}
    return len(with_set & folders) > 1 or len(flat) > 1 or len(folders) > 2


def _is_one_student_s(found: Sequence[Entry], assignment: str) -> bool:
    """Whether what lies here is one student's, for nobody is named and a notebook is."""

    def may_be_notebook(name: str) -> bool:
        return ".ipynb" in name[-40:].lower()

    top = [entry.path[0] for entry in found if len(entry.path) == 1]
    if not any(may_be_notebook(name) and not read_name(name, assignment, folder=False).owner for name in top):
        return False
    for entry in (entry for entry in found if entry.path):
        folder = len(entry.path) > 1
        name = read_name(entry.path[0], assignment, folder=folder)
        of_set = is_set_name(entry.path[-1], assignment) if folder else bool(sets_named(name.file))
        if name.platform or (name.owner and of_set and may_be_notebook(entry.path[-1])):
            return False
    return True


def _without_top(entry: Entry, tops: set[str]) -> Entry:
    return replace(entry, path=entry.path[1:]) if len(entry.path) > 1 and entry.path[0] in tops else entry
