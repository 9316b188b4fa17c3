"""Which of a student's files is graded: the latest attempt that has work in it; and when it was handed in."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from vistext.data.download import DamagedDataError
from vistext.grading import files
from vistext.grading.cells import EXERCISE_IN_FILE, cell_of, cells_in, decode
from vistext.grading.files import Entry
from vistext.grading.platforms import STAMP, Name, copy_number, sets_named

MAX_NOTEBOOKS = 20  # of a student; more are not looked at
MAX_LOOKED_INTO = 300  # files under other endings
BEGINNING = 1 << 16  # bytes in which a notebook shows that it is one
KEYS = ('"cells"', '"worksheets"')
EVERY_SET = frozenset(f"{kind}{number:02}" for kind in ("ps", "pr") for number in range(100))
ANSWERS_TOO = (".py", ".pdf", ".html", ".htm", ".doc", ".docx", ".odt", ".rtf", ".rar", ".7z")


@dataclass(frozen=True)
class Search:
    place: Path  # a folder, an archive or a notebook
    assignment: str  # the name of the set's folder and notebook: "ps01_tagging"
    largest: int  # bytes of a notebook that is read
    given: frozenset[str] = frozenset()  # what stands in the cells that students were given, as `cell_texts` has it
    # The place is the course's own submitted/: its folders are called as the students' ids, and nbgrader has put times
    # there.
    by_nbgrader: bool = False
    sets: frozenset[str] = EVERY_SET  # those of the course; "ps12" may be a student


@dataclass(frozen=True)
class Upload:
    """A file as it lies in a class's folder or archive, or one in a student's folder there."""

    entry: Entry
    name: Name  # what its name says, or that of the folder
    flags: tuple[str, ...] = ()  # as to whose it is


@dataclass
class Submission:
    content: bytes | None = None  # of the notebook; None if there is none that can be taken
    timestamp: str = ""  # as nbgrader writes it; "" if there is none that counts
    flags: list[str] = field(default_factory=list)  # what a person should look at; a sentence each
    of_set: bool = False  # something of the set was found
    of_others: bool = False  # something of another set was
    only_others: bool = False  # nothing else was
    student: str = ""  # an id that is safe as a file's name
    owner: str = ""  # the student's name as it was found


@dataclass
class _Attempt:
    upload: Upload  # with the entry of the notebook itself
    content: bytes | None
    digest: bytes
    sets: set[str]  # of the exercises in it
    worth: int  # how much it has to be looked at before others; below 0 if it cannot be read
    time: tuple  # larger for a later one
    rank: tuple  # by worth, time, cells that are the student's own, and whether it is called as the set's notebook
    trouble: str


def select(uploads: Sequence[Upload], search: Search) -> Submission:
    """Which notebook of a student is graded, of all that they have handed in."""
    submission = Submission(flags=list(dict.fromkeys(flag for upload in uploads for flag in upload.flags)))
    ours = sets_named(search.assignment)
    unpacker = files.Unpacker(submission.flags)
    unpacked = [replace(upload, entry=entry) for upload in uploads for entry in unpacker.files(upload.entry)]
    stamps = [file for file in unpacked if file.entry.path[-1] == STAMP]
    of_all_sets = [file for file in unpacked if file.entry.path[-1] != STAMP and not file.name.receipt]
    candidates = [file for file in of_all_sets if not (named := _sets_in_path(file)) & search.sets or named & ours]
    notebooks, beside = _notebooks(candidates)
    best, others, elsewhere = _best(notebooks, search, ours, submission)
    submission.of_others = bool(len(candidates) < len(of_all_sets) or elsewhere)
    submission.of_set = best is not None or any(_sets_in_path(file) & ours for file in candidates)
    submission.only_others = submission.of_others and not (submission.of_set or elsewhere)
    if best is None:
        submission.flags += _flags_without_notebook(elsewhere, beside, search.assignment)
        if not submission.flags and not submission.only_others:
            submission.flags.append("nothing was handed in: there is no file")
        return submission
    submission.flags += _flags_of_others(best, others)
    answers = [file.entry.printable for file in beside if file.entry.path[-1].lower().endswith(ANSWERS_TOO)]
    if answers:
        submission.flags.append(f"beside the notebook, and not graded: {_listed(answers)}")
    submission.content = best.content
    submission.timestamp = _timestamp(best.upload, stamps, search, submission.flags)
    return submission


def _notebooks(uploads: Sequence[Upload]) -> tuple[list[Upload], list[Upload]]:
    """Those that are notebooks, by their ending or by how they begin; and the others."""
    notebooks: list[Upload] = []
    others: list[Upload] = []
    for upload in uploads:
        found = upload.entry.path[-1].lower().endswith(".ipynb")
        if not found and len(others) < MAX_LOOKED_INTO:
            start = decode(files.beginning(upload.entry, BEGINNING)).lstrip("\ufeff \t\r\n")
            found = start.startswith("{") and any(key in start for key in KEYS)
        (notebooks if found else others).append(upload)
    return notebooks, others


def _sets_in_path(upload: Upload) -> set[str]:
    """The sets that a file's path speaks of, but for the part that is its owner's name."""
    below = upload.entry.path[1:]
    return sets_named("/".join((upload.name.file, *below) if upload.name.file else below))


def _best(
    notebooks: Sequence[Upload], search: Search, ours: set[str], submission: Submission
) -> tuple[_Attempt | None, list[_Attempt], list[_Attempt]]:
    """The notebook that is graded, further ones of the set, and those of other sets; but the first without contents."""
    latest_first = sorted(notebooks, key=lambda upload: (_time(upload), str(upload.entry.path)), reverse=True)
    if len(latest_first) > MAX_NOTEBOOKS:
        submission.flags.append(f"there are {len(latest_first)} notebooks; {MAX_NOTEBOOKS} were looked at")
    best: _Attempt | None = None
    others: list[_Attempt] = []
    elsewhere: list[_Attempt] = []
    for upload in latest_first[:MAX_NOTEBOOKS]:
        attempt = _read(upload, search, compared=len(latest_first) > 1)
        if attempt.sets and not attempt.sets & ours:
            attempt.content = None
            elsewhere.append(attempt)
            continue
        if best is None or attempt.rank > best.rank:
            best, attempt = attempt, best
        if attempt is not None:
            attempt.content = None
            others.append(attempt)
    if best is not None and best.trouble:
        submission.flags.append(f"{best.upload.entry.printable} {best.trouble}")
    return best, others, elsewhere


def _time(upload: Upload) -> tuple:
    """What is larger of a later attempt: by the platform's date and number, Teams' versions, and numbers of copies."""
    last = upload.name.file if len(upload.entry.path) == 1 and upload.name.file else upload.entry.path[-1]
    versions = [int(one) for part in upload.entry.path[:-1] for one in re.findall(r"(?i)version (\d{1,4})", part[:255])]
    try:
        date = upload.name.time()
    except ValueError:
        date = ""
    return date, upload.name.attempt, versions, copy_number(last)


def _read(upload: Upload, search: Search, compared: bool) -> _Attempt:
    entry, trouble = upload.entry, ""
    content: bytes | None = None
    try:
        content = files.content(entry, search.largest)
    except DamagedDataError as error:
        trouble = str(error)
    text = content or b""
    if json.detect_encoding(text[:4]) not in ("utf-8", "utf-8-sig"):
        text = decode(text).encode("utf-8", "replace")
    sets = {f"{kind.decode().lower()}{int(number):02}" for kind, number, _ in EXERCISE_IN_FILE.findall(text)}
    worth, answered = (0 if content is not None else -1), 0
    if compared and content is not None:
        try:
            texts = cell_texts(json.loads(decode(content).lstrip("\ufeff")))
            answered = sum(text not in search.given for text in texts)
            worth = (2 if answered else 1) if sets or len(texts) - answered > 2 else 0
        except (ValueError, RecursionError):
            worth = -1
    digest = hashlib.sha256(content if content is not None else repr(entry.path).encode()).digest()
    time, exact = _time(upload), entry.path[-1] == f"{search.assignment}.ipynb"
    rank = worth, *time, answered, exact, str(entry.path)
    return _Attempt(upload, content, digest, sets, worth, time, rank, trouble)


def cell_texts(notebook: object) -> list[str]:
    """What stands in the cells of a notebook's JSON, without what editors change; of anything else, nothing."""
    return [text for cell in cells_in(notebook) or [] if (text := cell_of(cell).bare)]


def _flags_of_others(best: _Attempt, others: list[_Attempt]) -> Iterator[str]:
    """Which one was taken, and of how many; but nothing of earlier attempts that a platform has dated."""
    date = best.time[0]
    others = [one for one in others if one.digest != best.digest and not (date and one.time[0] < date)]
    if others:
        count = len({one.digest for one in others}) + 1
        yield f"there are {count} notebooks of this set; {best.upload.entry.printable} was graded"
    for later in [one for one in others if one.time > best.time][:1]:
        why = "cannot be read" if later.worth < 0 else "is as it was given, or not of this set"
        yield f"a later one, {later.upload.entry.printable}, {why}"


def _flags_without_notebook(elsewhere: list[_Attempt], beside: Sequence[Upload], assignment: str) -> Iterator[str]:
    for attempt in elsewhere[:5]:
        sets = ", ".join(sorted(attempt.sets))
        yield f"{attempt.upload.entry.printable} holds exercises of {sets}, not of {assignment}"
    if beside:
        yield f"there is no notebook in what was handed in: {_listed([file.entry.printable for file in beside])}"
    if any(file.entry.path[-1].lower().endswith((".rar", ".7z")) for file in beside):
        yield "a .rar or .7z archive cannot be opened here; ask for the notebook itself, or for a .zip"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _timestamp(best: Upload, stamps: Sequence[Upload], search: Search, flags: list[str]) -> str:
    """When it was handed in, by a clock that counts (see `platforms`)."""
    # nbgrader puts it in submitted/STUDENT/ASSIGNMENT, and no archive around it.
    folder = best.entry.path[:2]
    by_nbgrader = search.by_nbgrader and folder[1:] == (search.assignment,)
    trusted = [stamp for stamp in stamps if by_nbgrader and stamp.entry.on_disk and stamp.entry.path[:-1] == folder]
    time = ""
    try:
        time = best.name.time()
        if not time and trusted:
            time = _exchange_time(files.content(trusted[0].entry, 1 << 16))
    except (ValueError, DamagedDataError) as error:
        flags.append(f"the time of submission cannot be read ({error}); it counts as in time")
    for stamp in stamps[:3]:
        if stamp not in trusted:
            flags.append(f"{stamp.entry.printable} is the student's own; the time in it does not count")
    if best.name.late and not time:
        flags.append(f"{best.name.platform} says that it came late, but not how late; it counts as in time")
    return time


def _exchange_time(content: bytes) -> str:
    """What nbgrader has written, as it stands there; a `ValueError` if it could not read it itself."""
    from nbgrader.utils import parse_utc

    text = content[:60].decode("utf-8", "replace").strip()
    try:
        parse_utc(text)
    except Exception as error:  # whatever a parser of dates says
        raise ValueError(f"{text!r} is no date") from error
    return text
