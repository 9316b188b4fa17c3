"""What learning platforms make of students' names and files: one table, and how a name is read by it.

A name is a folder's or a file's, without its path. Some of it is the platform's, and some the student's: their
display name, and what they called their file. So each pattern looks from the side that the platform writes; where its
mark stands in a name twice, that is noted, and a time in such a name is not believed.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

LONGEST = 255  # letters of a name; a longer one is cut before any pattern sees it

FILE, FOLDER, BOTH = ("file",), ("folder",), ("file", "folder")


@dataclass(frozen=True)
class Platform:
    """How a platform names what it exports.

    Attributes:
        name: the platform's.
        of: what is named so, files or folders or both.
        pattern: of a whole name, with groups `student` and, where there are any, `id` (the platform's own number),
            `late`, `attempt` (a number that grows), `date` and `file` (what the student called it).
            {set} stands for the names of the problem set.
        date: the formats of its dates, for `datetime.strptime`.
        mark: what only the platform writes; if it is there twice, a student has written it.
        examples: names, and whose they are.
    """

    name: str
    of: tuple[str, ...]
    pattern: str
    examples: dict[str, str]
    date: tuple[str, ...] = ()
    mark: str = ""


PLATFORMS = (
    Platform(
        "Moodle",
        FOLDER,
        r"(?P<student>.+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?",
        {
            "Jane Doe_12345_assignsubmission_file_": "Jane Doe_12345",
            "Jane Doe_12345_assignsubmission_onlinetext_": "Jane Doe_12345",
            "Participant_98_assignsubmission_file": "Participant_98",
            "Al_777_assignsubmission_file_x_5_assignsubmission_file_": "Al_777_assignsubmission_file_x_5",
        },
        mark=r"_\d+_assignsubmission_",
    ),
    Platform(
        "Moodle",
        FILE,
        r"(?P<student>.+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_(?P<file>.+)",
        {
            "Jane Doe_12345_assignsubmission_file_ps01_tagging.ipynb": "Jane Doe_12345",
            "Jane Doe_12345_assignsubmission_onlinetext_onlinetext.html": "Jane Doe_12345",
        },
        mark=r"_\d+_assignsubmission_",
    ),
    Platform(
        "Blackboard",
        FILE,
        # Its title is the set's, or has no "_"; receipts are called as the attempt is.
        r"(?:{set}|[^_]+)_(?P<student>.+?)_attempt_(?P<date>\d{{4}}(?:-\d\d){{5}})(?:_(?P<file>.+)|\.txt)",
        {
            "ps01_jdoe3_attempt_2026-11-20-10-11-12_ps01_tagging.ipynb": "jdoe3",
            "ps01_tagging_j_doe3_attempt_2026-11-20-10-11-12_homework1.ipynb": "j_doe3",
            "Problem Set 1_jdoe3_attempt_2026-11-20-10-11-12.txt": "jdoe3",
        },
        date=("%Y-%m-%d-%H-%M-%S",),
        mark=r"_attempt_\d{4}-",
    ),
    Platform(
        "Brightspace",
        BOTH,
        r"(?P<id>\d+)-\d+ - (?P<student>.+?) - (?P<date>\w{{3,9}} \d{{1,2}}, \d{{4}} \d{{1,2}}:?\d\d ?[AP]M)"
        r"(?: - (?P<file>.+))?",
        {
            "123-456 - Jane Doe - Nov 20, 2026 1011 AM": "Jane Doe_123",
            "123-456 - Jane Doe - November 20, 2026 10:11 PM - ps01.ipynb": "Jane Doe_123",
        },
        date=("%b %d, %Y %I%M %p", "%B %d, %Y %I%M %p"),
        mark=r" - \w{3,9} \d{1,2}, \d{4} \d{1,2}",
    ),
    Platform(
        "nbgrader's exchange",
        FOLDER,
        r"(?P<student>[^+]+)\+{set}\+(?P<date>\d{{4}}-\d\d-\d\d [^+]+)(?:\+[^+]*)?",
        {"jdoe3+ps01_tagging+2026-11-20 10:11:12.123456 UTC+c2VjcmV0": "jdoe3"},
        date=("%Y-%m-%d %H:%M:%S.%f %Z", "%Y-%m-%d %H:%M:%S %Z"),
    ),
    Platform(
        "Canvas",
        BOTH,
        # It takes such numbers out of display names itself; so the first ones are its own.
        r"(?P<student>.+?)_(?P<late>LATE_)?(?P<id>\d{{2,}})_(?:(?P<attempt>\d{{2,}})_(?P<file>.+)|(?:text|link)\.html)",
        {
            "doejane_123_456_ps01_tagging.ipynb": "doejane_123",
            "doejane_LATE_123_456_ps01_tagging-1.ipynb": "doejane_123",
            "doejane_123_457_Copy_of_ps01_tagging.ipynb": "doejane_123",
            "doejane_123_458_Kopie_von_ps01_tagging-Copy1.ipynb": "doejane_123",
            "doejane_LATE_123_459_Untitled3 (2).ipynb": "doejane_123",
            "doejane_123_text.html": "doejane_123",
        },
    ),
    Platform(
        "GitHub Classroom",
        FOLDER,
        r"{set}-(?P<student>[A-Za-z0-9][A-Za-z0-9-]*)",
        {"ps01-janedoe": "janedoe", "ps01-tagging-jane-doe": "jane-doe", "ps01_tagging-janedoe": "janedoe"},
    ),
    Platform(
        "Google Classroom",
        FILE,
        r"(?P<student>.+) - (?P<file>(?:Copy of |Kopie von )*{set}.*)",
        {
            "Jane Doe - ps01_tagging.ipynb": "Jane Doe",
            "Jane Doe - Copy of ps01_tagging.ipynb": "Jane Doe",
            "Jane Doe - ps01 - ps01_tagging.ipynb": "Jane Doe - ps01",
        },
    ),
)


@dataclass(frozen=True)
class Name:
    """What a name says.

    Attributes:
        owner: whose it is, with the platform's number; "" if it does not say.
        file: what the student called it.
        platform: which one made it; "" for none.
        date: of the attempt, as the platform writes it; "" if it does not.
        formats: of such dates.
        attempt: a number that is larger in a later one.
        late: the platform says that it came late.
        receipt: the platform's own file about a submission.
        forged: the platform's mark stands in it twice.
    """

    owner: str
    file: str
    platform: str = ""
    date: str = ""
    formats: tuple[str, ...] = ()
    attempt: int = 0
    late: bool = False
    receipt: bool = False
    forged: bool = False


ENDING = re.compile(
    r"(?:\.(?:ipynb|json|txt|zip|tar|gz|tgz|xz|bz2|py|html?|pdf|rar|7z|docx?|odt|rtf|md|csv|xlsx))+$|\.[a-z0-9]{1,5}$",
    re.IGNORECASE,
)
COPY_OF = re.compile(r"(?:copy|kopie|copie|copia)(?:[ _]?\(\d{1,3}\))?[ _](?:of|von|de|di)[ _]", re.IGNORECASE)
AFTER_IT = re.compile(
    r"(?:[ _-]{0,3}\(\d{1,3}\)|[ _-]{1,3}(?:copy|kopie|copie|copia|final|fertig|done|new|neu|v|version)[ _-]?\d{0,3})$",
    re.IGNORECASE,
)
NUMBERED = re.compile(r"(?:[ _-](\d{1,3})|\((\d{1,3})\))$")
AGAIN = r"(?:[ _-]\d{1,3})?"
ANYBODY_S = re.compile(
    r"(?:home ?work|hw|untitled|notebook|assignment|exercises?|problem ?set|solutions?|submission|answers?|final|copy|"
    r"work|lab|test|scratch|aufgaben?|hausaufgaben?|abgabe|(?:ue|ü)bung|l(?:oe|ö)sung)?[ _-]?\d{0,3}",
    re.IGNORECASE,
)
OTHER_SET = re.compile(r"(?<![a-z0-9])ps[ _-]?(\d{1,2})(?!\d)", re.IGNORECASE)


def read_name(name: str, assignment: str, *, folder: bool) -> Name:
    """What a folder's or a file's name says.

    Args:
        name: without a path; as it was found.
        assignment: such as "ps01_tagging".
        folder: whether it is a folder's.
    """
    name = shortened(name)
    for platform, pattern in _patterns(assignment):
        found = pattern.fullmatch(name) if ("folder" if folder else "file") in platform.of else None
        if found:
            groups = found.groupdict()
            owner = groups["student"].strip() + (f"_{groups['id']}" if groups.get("id") else "")
            file = groups.get("file") or ""
            return Name(
                owner,
                file or (name if not folder else ""),
                platform.name,
                date=groups.get("date") or "",
                formats=platform.date,
                attempt=int(groups.get("attempt") or 0),
                late=bool(groups.get("late")),
                receipt=platform.name == "Blackboard" and not file,
                forged=bool(platform.mark) and len(re.findall(platform.mark, name)) > 1,
            )
    return Name(name if folder else _owner_in(name, assignment), name)


def shortened(name: str) -> str:
    """A name of at most `LONGEST` letters: of a longer one the beginning, and a digest in place of the rest."""
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 20]}~{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def copy_number(name: str) -> int:
    """The number that a platform or a browser adds to a further file of the same name: 10 in "ps01-10.ipynb"."""
    found = NUMBERED.search(ENDING.sub("", shortened(name)))
    return int(found[1] or found[2]) if found else 0


def sets_named(text: str) -> set[int]:
    """The numbers of the problem sets that a name or path speaks of."""
    return {int(number) for number in OTHER_SET.findall(text)}


def is_set_name(name: str, assignment: str) -> bool:
    """Whether a file's or folder's name is that of the set, and of nobody."""
    return re.fullmatch(rf"{_set(assignment).pattern}{AGAIN}", _bare(shortened(name)), re.IGNORECASE) is not None


def _owner_in(name: str, assignment: str) -> str:
    """Whose a file is that no platform has named: what is left without the name of the set; "" if that is nobody's."""
    stem, names = _bare(name), _set(assignment).pattern
    first = re.match(rf"{names}(?:{AGAIN}$|[-_ ]+|$)", stem, re.IGNORECASE)
    if first:
        stem = stem[first.end() :]
    else:
        stem = re.sub(rf"[-_ ]{{0,9}}(?<![a-z0-9]){names}(?:{AGAIN}|\w*)$", "", stem, flags=re.IGNORECASE)
    return "" if ANYBODY_S.fullmatch(stem) else stem


def _bare(name: str) -> str:
    """A file's name without its endings, and without what says that it is a copy."""
    stem = ENDING.sub("", name)
    for _ in range(4):
        stem = AFTER_IT.sub("", COPY_OF.sub("", stem, count=1) if COPY_OF.match(stem) else stem)
        stem = stem.removesuffix(".ipynb")  # a browser numbers after the ending
    return stem


@lru_cache
def _set(assignment: str) -> re.Pattern:
    """The names of a set: ps01_tagging, ps01-tagging, PS 1."""
    number, _, title = assignment.partition("_")
    found = OTHER_SET.fullmatch(number)
    short = rf"ps[ _-]?0{{0,1}}{int(found[1])}(?!\d)" if found else re.escape(number)
    return re.compile(rf"(?:{short}(?:[-_ ]?{re.escape(title)})?)", re.IGNORECASE)


@lru_cache
def _patterns(assignment: str) -> list[tuple[Platform, re.Pattern]]:
    one = _set(assignment).pattern
    return [(platform, re.compile(platform.pattern.format(set=f"(?i:{one})"), re.DOTALL)) for platform in PLATFORMS]
