"""What learning platforms make of students' names and files: one table, and how a name is read by it.

Only a platform's clock counts for being late: the date that it writes into a name, or nbgrader's timestamp.txt where
nbgrader puts it. Whatever a student may have written does not; a person is told of that, and it counts as in time.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache

LONGEST = 255  # letters of a name; a longer one is cut before any pattern sees it
STAMP = "timestamp.txt"  # as nbgrader calls it
FILE, FOLDER, BOTH = ("file",), ("folder",), ("file", "folder")


@dataclass(frozen=True)
class Platform:
    """How a platform names what it exports."""

    name: str
    of: tuple[str, ...]  # what is named so: files, folders or both
    # Of a whole name, with groups `student` and, where there are any, `id` (the platform's own number), `late`,
    # `attempt` (a number that grows), `date` and `file` (what the student called it). {set} stands for the set's names.
    pattern: str
    examples: dict[str, str]  # names, and whose they are
    date: tuple[str, ...] = ()  # the formats of its dates, for `datetime.strptime`
    mark: str = ""  # what only the platform writes; if it is there twice, a student has written it


PLATFORMS = (
    Platform(
        "Moodle",
        BOTH,
        r"(?P<student>.+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)(?:_(?P<file>.+)|_?)",
        {
            "Jane Doe_12345_assignsubmission_file_": "Jane Doe_12345",
            "Jane Doe_12345_assignsubmission_onlinetext_": "Jane Doe_12345",
            "Participant_98_assignsubmission_file": "Participant_98",
            "Al_777_assignsubmission_file_x_5_assignsubmission_file_": "Al_777_assignsubmission_file_x_5",
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
    owner: str  # with the platform's number; "" if it does not say
    file: str  # what the student called it
    platform: str = ""  # which one made it; "" for none
    date: str = ""  # of the attempt, as the platform writes it; "" if it does not
    formats: tuple[str, ...] = ()  # of such dates
    attempt: int = 0  # a number that is larger in a later one
    late: bool = False  # the platform says that it came late
    receipt: bool = False  # the platform's own file about a submission
    forged: bool = False  # the platform's mark stands in it twice

    def time(self) -> str:
        """Its date as nbgrader writes it, in UTC; "" if there is none that counts; a `ValueError` if it is no date."""
        if not self.date or self.forged:
            return ""
        text = self.date.replace(":", "") if "%I%M" in "".join(self.formats) else self.date
        text = text.replace("AM", " AM").replace("PM", " PM") if text[-3:-2].isdigit() else text
        for written in self.formats:
            try:
                time = datetime.strptime(text, written)
            except ValueError:
                continue
            if "%Z" in written:  # strptime knows of no zone but this machine's and UTC
                time = time.replace(tzinfo=timezone.utc if text.endswith(("UTC", "GMT")) else None)
            try:
                return time.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
            except (OverflowError, OSError) as error:
                raise ValueError("a date beyond all calendars") from error
        raise ValueError(f"{self.date[:60]!r} is no date")


ENDING = re.compile(
    r"(?:\.(?:ipynb|json|txt|zip|tar|gz|tgz|xz|bz2|py|html?|pdf|rar|7z|docx?|odt|rtf|md|csv|xlsx))+$|\.[a-z0-9]{1,5}$",
    re.IGNORECASE,
)
COPY_OF = re.compile(r"(?:copy|kopie|copie|copia)(?:[ _]?\(\d{1,3}\))?[ _](?:of|von|de|di)[ _]", re.IGNORECASE)
SUFFIX = re.compile(
    r"(?:[ _-]{0,3}\(\d{1,3}\)|[ _-]{1,3}(?:copy|kopie|copie|copia|final|fertig|done|new|neu|v|version)[ _-]?\d{0,3})$",
    re.IGNORECASE,
)
NUMBERED = re.compile(r"(?:[ _-](\d{1,3})|\((\d{1,3})\))$")
NUMBER = r"(?:[ _-]\d{1,3})?"
GENERIC = re.compile(
    r"(?:home ?work|hw|untitled|notebook|assignment|exercises?|problem ?set|project|solutions?|submission|answers?|"
    r"final|copy|work|lab|test|scratch|aufgaben?|hausaufgaben?|abgabe|(?:ue|ü)bung|l(?:oe|ö)sung)?[ _-]?\d{0,3}",
    re.IGNORECASE,
)
SET = re.compile(r"(?<![a-z0-9])(p[sr])[ _-]?(\d{1,2})(?!\d)", re.IGNORECASE)  # a problem set, or a project


def read_name(name: str, assignment: str, *, folder: bool) -> Name:
    """What a folder's or a file's name says, as it was found, of an assignment such as "ps01_tagging"."""
    name = shortened(name)
    for platform, pattern in _patterns(assignment):
        found = pattern.fullmatch(name) if ("folder" if folder else "file") in platform.of else None
        if found:
            groups = found.groupdict()
            file = groups.get("file") or ""
            return Name(
                groups["student"].strip() + (f"_{groups['id']}" if groups.get("id") else ""),
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


def sets_named(text: str) -> set[str]:
    """The problem sets and projects that a name or path speaks of, such as "ps01" and "pr02"."""
    return {f"{kind.lower()}{int(number):02}" for kind, number in SET.findall(text)}


def is_set_name(name: str, assignment: str) -> bool:
    """Whether a file's or folder's name is that of the set, and of nobody."""
    return re.fullmatch(f"{_set_names(assignment)}{NUMBER}", _stem(shortened(name)), re.IGNORECASE) is not None


def _owner_in(name: str, assignment: str) -> str:
    """Whose a file is that no platform has named: what is left without the name of the set; "" if that is nobody's."""
    stem, names = _stem(name), _set_names(assignment)
    first = re.match(rf"{names}(?:{NUMBER}$|[-_ ]+|$)", stem, re.IGNORECASE)
    if first:
        owner = stem[first.end() :]
    else:
        owner = re.sub(rf"[-_ ]{{0,9}}(?<![a-z0-9]){names}(?:{NUMBER}|\w*)$", "", stem, flags=re.IGNORECASE)
    return "" if GENERIC.fullmatch(owner) else owner


def _stem(name: str) -> str:
    """A file's name without its endings, and without what says that it is a copy."""
    stem = ENDING.sub("", name)
    for _ in range(4):
        stem = SUFFIX.sub("", COPY_OF.sub("", stem, count=1) if COPY_OF.match(stem) else stem)
        stem = stem.removesuffix(".ipynb")  # a browser numbers after the ending
    return stem


def _set_names(assignment: str) -> str:
    """A pattern of the names of a set: ps01_tagging, ps01-tagging, PS 1."""
    number, _, title = assignment.partition("_")
    found = SET.fullmatch(number)
    short = rf"{found[1]}[ _-]?0{{0,1}}{int(found[2])}(?!\d)" if found else re.escape(number)
    return rf"(?:{short}(?:[-_ ]?{re.escape(title)})?)"


@lru_cache
def _patterns(assignment: str) -> list[tuple[Platform, re.Pattern]]:
    names = f"(?i:{_set_names(assignment)})"
    return [(platform, re.compile(platform.pattern.format(set=names), re.DOTALL)) for platform in PLATFORMS]
