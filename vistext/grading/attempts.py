"""Which of a student's files is graded: the latest attempt that has work in it; and when it was handed in.

Later is what the platform says, by its date or its number; then the number that it, or a browser, adds to a name. What
is still as students were given it never stands in for work, nor does what cannot be read.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from vistext.data.download import DamagedDataError
from vistext.grading import entries, timestamps, unpacking
from vistext.grading.cells import cell_of, decode
from vistext.grading.entries import Entry
from vistext.grading.platforms import Name, copy_number, sets_named

MOST_NOTEBOOKS = 20  # of a student; more are not looked at
MOST_LOOKED_INTO = 300  # files under other endings
BEGINNING = 1 << 16  # bytes in which a notebook shows that it is one
KEYS = ('"cells"', '"worksheets"')
ANSWERS_TOO = (".py", ".pdf", ".html", ".htm", ".doc", ".docx", ".odt", ".rtf", ".rar", ".7z")
# As cells.EXERCISE, but of a notebook's bytes: a line begins after a quote, or after a line break in a text.
EXERCISE = re.compile(
    rb"""(?:\A|\n|\\n|")[ \t]*#+[ \t]*exercise\b[ \t:]*ps[ \t]?0?(\d{1,2})[ \t]*"""
    rb"""(?:[-_.]|\\u2[0-9a-f]{3}|\xe2\x80.|\xe2\x88\x92)[ \t]*\d""",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Upload:
    """A file as it lies in a class's folder or archive, or one in a student's folder there.

    Attributes:
        entry: the file.
        name: what its name says, or that of the folder.
        doubts: as to whose it is.
    """

    entry: Entry
    name: Name
    doubts: tuple[str, ...] = ()


@dataclass
class Choice:
    """What is graded of a student.

    Attributes:
        content: of the notebook; None if there is none that can be taken.
        timestamp: as nbgrader writes it; "" if there is none that counts.
        doubts: what a person should look at; a sentence each.
        of_set: something of the set was found.
        of_others: something of another set was.
        only_others: nothing else was.
    """

    content: bytes | None = None
    timestamp: str = ""
    doubts: list[str] = field(default_factory=list)
    of_set: bool = False
    of_others: bool = False
    only_others: bool = False


@dataclass
class _Attempt:
    upload: Upload  # with the entry of the notebook itself
    content: bytes | None
    digest: bytes
    sets: set[int]  # of the exercises in it
    rank: tuple
    trouble: str = ""


def choose(uploads: Sequence[Upload], search) -> Choice:
    """Which notebook of a student is graded.

    Args:
        uploads: all that the student has handed in.
        search: a `vistext.grading.collect.Search`.

    Raises:
        OSError: this machine has no room.
        MemoryError: it takes too much.
    """
    choice = Choice(doubts=list(dict.fromkeys(doubt for upload in uploads for doubt in upload.doubts)))
    ours = sets_named(search.assignment)
    opener = unpacking.Opener(choice.doubts)
    files = [replace(upload, entry=entry) for upload in uploads for entry in opener.files(upload.entry)]
    stamps = [file for file in files if file.entry.path[-1] == timestamps.NAME]
    all_sets = [file for file in files if file.entry.path[-1] != timestamps.NAME and not file.name.receipt]
    rest = [file for file in all_sets if not _sets_in_path(file) & search.sets or _sets_in_path(file) & ours]
    notebooks, beside = _notebooks(rest)
    best, others, elsewhere = _best(notebooks, search, ours, choice)
    choice.of_others = bool(len(rest) < len(all_sets) or elsewhere)
    choice.of_set = best is not None or any(_sets_in_path(file) & ours for file in rest)
    choice.only_others = choice.of_others and not (choice.of_set or elsewhere)
    if best is None:
        choice.doubts += _instead(elsewhere, beside, search.assignment)
        if not choice.doubts and not choice.only_others:
            choice.doubts.append("nothing was handed in: there is no file")
        return choice
    _tell_of_others(best, others, choice.doubts)
    answers = [file.entry.shown for file in beside if file.entry.path[-1].lower().endswith(ANSWERS_TOO)]
    if answers:
        choice.doubts.append(f"beside the notebook, and not graded: {_listed(answers)}")
    choice.content = best.content
    choice.timestamp = _time(best.upload, stamps, search, choice.doubts)
    return choice


def may_be_notebook(name: str) -> bool:
    """Whether a file is called as a notebook is."""
    return ".ipynb" in name[-40:].lower()


def _notebooks(files: Sequence[Upload]) -> tuple[list[Upload], list[Upload]]:
    """Those that are notebooks, by their ending or by how they begin; and the others."""
    notebooks, others = [], []
    for file in files:
        if file.entry.path[-1].lower().endswith(".ipynb") or (
            len(others) < MOST_LOOKED_INTO and _begins_as_one(file.entry)
        ):
            notebooks.append(file)
        else:
            others.append(file)
    return notebooks, others


def _begins_as_one(entry: Entry) -> bool:
    start = decode(entries.beginning(entry, BEGINNING)).lstrip("\ufeff \t\r\n")
    return start.startswith("{") and any(key in start for key in KEYS)


def _sets_in_path(file: Upload) -> set[int]:
    """The sets that a file's path speaks of, but for the part that is its owner's name."""
    below = file.entry.path[1:]
    return sets_named("/".join((file.name.file, *below) if file.name.file else below))


def _best(
    notebooks: Sequence[Upload], search, ours: set[int], choice: Choice
) -> tuple[_Attempt | None, list[_Attempt], list[_Attempt]]:
    """The notebook that is graded, further ones of the set, and those of other sets; but the first without contents."""
    in_order = sorted(notebooks, key=lambda one: (_later(one), str(one.entry.path)), reverse=True)
    if len(in_order) > MOST_NOTEBOOKS:
        choice.doubts.append(f"there are {len(in_order)} notebooks; {MOST_NOTEBOOKS} were looked at")
    best, others, elsewhere = None, [], []
    for upload in in_order[:MOST_NOTEBOOKS]:
        attempt = _read(upload, search, compared=len(in_order) > 1)
        if attempt.sets and not attempt.sets & ours:
            attempt.content = None
            elsewhere.append(attempt)
            continue
        worse = attempt
        if best is None or attempt.rank > best.rank:
            best, worse = attempt, best
        if worse is not None:
            worse.content = None
            others.append(worse)
    if best is not None and best.trouble:
        choice.doubts.append(f"{best.upload.entry.shown} {best.trouble}")
    return best, others, elsewhere


def _later(upload: Upload) -> tuple:
    """What is larger of a later attempt."""
    last = upload.name.file if len(upload.entry.path) == 1 and upload.name.file else upload.entry.path[-1]
    versions = [int(one) for part in upload.entry.path[:-1] for one in re.findall(r"(?i)version (\d{1,4})", part[:255])]
    return _date(upload.name), upload.name.attempt, versions, copy_number(last)


def _date(name: Name) -> str:
    try:
        return timestamps.from_platform(name.date, name.formats) if name.date and not name.forged else ""
    except ValueError:
        return ""


def _read(upload: Upload, search, compared: bool) -> _Attempt:
    entry = upload.entry
    try:
        content, trouble = entries.content(entry, search.largest), ""
    except DamagedDataError as error:
        content, trouble = None, str(error)
    text = content or b""
    if json.detect_encoding(text[:4]) not in ("utf-8", "utf-8-sig"):
        text = decode(text).encode("utf-8", "replace")
    sets = {int(number) for number in EXERCISE.findall(text)}
    worth, answered = (_worth(content, sets, search.given) if compared else (0, 0)) if content is not None else (-1, 0)
    exact = entry.path[-1] == f"{search.assignment}.ipynb"
    rank = (worth, *_later(upload), answered, exact, str(entry.path))
    digest = hashlib.sha256(content if content is not None else repr(entry.path).encode()).digest()
    return _Attempt(upload, content, digest, sets, rank, trouble)


def _worth(content: bytes, sets: set[int], given: frozenset[str]) -> tuple[int, int]:
    """How much a notebook has to be looked at before others, and how many cells of it are the student's own."""
    try:
        cells = sources(json.loads(decode(content).lstrip("\ufeff")))
    except (ValueError, RecursionError):
        return -1, 0
    own = [source for source in cells if source not in given]
    known = bool(sets) or len(cells) - len(own) > 2
    return (2 if own else 1) if known else 0, len(own)


def sources(notebook: object) -> list[str]:
    """What stands in the cells of a notebook, without what editors change; of anything else, nothing.

    Args:
        notebook: as JSON, of any version.
    """
    notebook = notebook if isinstance(notebook, dict) else {}
    sheets = notebook.get("worksheets") if isinstance(notebook.get("worksheets"), list) else []
    found = []
    for holder in (notebook, *sheets):
        cells = holder.get("cells") if isinstance(holder, dict) else None
        for cell in cells if isinstance(cells, list) else []:
            found.append(cell_of(cell).bare if isinstance(cell, dict) else "")
    return [text for text in found if text]


def _tell_of_others(best: _Attempt, others: list[_Attempt], doubts: list[str]) -> None:
    """Say which one was taken, and of what; but not of earlier attempts that a platform has dated."""
    date = best.rank[1]
    others = [one for one in others if one.digest != best.digest and not (date and one.rank[1] < date)]
    if others:
        count = len({one.digest for one in others}) + 1
        doubts.append(f"there are {count} notebooks of this set; {best.upload.entry.shown} was graded")
        later = next((one for one in others if one.rank[1:5] > best.rank[1:5]), None)
        if later is not None:
            why = "cannot be read" if later.rank[0] < 0 else "is as it was given, or not of this set"
            doubts.append(f"a later one, {later.upload.entry.shown}, {why}")


def _instead(elsewhere: list[_Attempt], beside: Sequence[Upload], assignment: str) -> list[str]:
    """What there is in place of a notebook of the set."""
    doubts = [
        f"{one.upload.entry.shown} holds exercises of {', '.join(f'ps{number:02d}' for number in sorted(one.sets))}, "
        f"not of {assignment}"
        for one in elsewhere[:5]
    ]
    if beside:
        doubts.append(f"there is no notebook in what was handed in: {_listed([file.entry.shown for file in beside])}")
    if any(file.entry.path[-1].lower().endswith((".rar", ".7z")) for file in beside):
        doubts.append("a .rar or .7z archive cannot be opened here; ask for the notebook itself, or for a .zip")
    return doubts


def _listed(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _time(best: Upload, stamps: Sequence[Upload], search, doubts: list[str]) -> str:
    """When it was handed in, by a clock that counts (see `timestamps`)."""
    trusted = [stamp for stamp in stamps if _is_nbgrader_s(stamp.entry, best.entry, search)]
    time = ""
    try:
        if best.name.date and not best.name.forged:
            time = timestamps.from_platform(best.name.date, best.name.formats)
        elif trusted:
            time = timestamps.from_exchange(entries.content(trusted[0].entry, 1 << 16))
    except (ValueError, DamagedDataError) as error:
        doubts.append(f"the time of submission cannot be read ({error}); it counts as in time")
    for stamp in stamps[:3]:
        if stamp not in trusted:
            doubts.append(f"{stamp.entry.shown} is the student's own; the time in it does not count")
    if best.name.late and not time:
        doubts.append(f"{best.name.platform} says that it came late, but not how late; it counts as in time")
    return time


def _is_nbgrader_s(stamp: Entry, notebook: Entry, search) -> bool:
    """Whether nbgrader has put it there: submitted/STUDENT/ASSIGNMENT/timestamp.txt, and no archive around it."""
    path = stamp.path
    return (
        stamp.on_disk
        and search.by_nbgrader
        and len(path) == 3
        and path[1] == search.assignment
        and notebook.path[:2] == path[:2]
    )
