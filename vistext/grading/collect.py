"""The notebooks that a class has handed in: from nested folders, from one flat folder, or from an LMS's zips.

    FOLDER/anna/ps01_tagging.ipynb             a folder for each student, of any depth (nbgrader's layout is one)
    FOLDER/anna_1234_ps01_tagging.ipynb        a file for each student
    FOLDER/anna.zip                            a zip for each student
    FOLDER/class.zip, or class.zip itself      a zip of all that, of zips too

Links are not followed, only notebooks are read, and nothing is written that was named by a student without being
cleaned. What cannot be taken is said, and the rest goes on.
"""

import hashlib
import re
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from vistext.data.archives import members
from vistext.data.sources import DamagedDataError
from vistext.grading.cells import decode, exercises_in

LARGEST_ZIP = 1 << 30  # bytes, packed
LARGEST_CLASS = 8 << 30  # bytes of all notebooks in a class's zip
MOST_OF_A_STUDENT = 20  # notebooks; more are not looked at
TIMESTAMP = "timestamp.txt"  # nbgrader's, beside a notebook


@dataclass
class Submission:
    """What one student has handed in for a set.

    Attributes:
        student: a name that is safe as a file's.
        content: of the notebook; None if there is none that can be taken.
        timestamp: as nbgrader writes it; "" if there is none.
        doubts: what a person should look at; a sentence each.
    """

    student: str
    content: bytes | None
    timestamp: str = ""
    doubts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _File:
    owner: str  # as it was found
    path: PurePosixPath  # below the owner
    content: bytes | None  # None if it was too large


def collect(place: Path, assignment: str, largest: int) -> Iterator[Submission]:
    """Each student's submission of a set, one at a time.

    Args:
        place: a folder, or a zip.
        assignment: the name of the set's folder and notebook: "ps01_tagging".
        largest: bytes of a notebook that is read.

    Raises:
        FileNotFoundError: `place` is not there.
        vistext.data.sources.DamagedDataError: `place` is a zip that cannot be read.
    """
    problem_set = assignment.partition("_")[0]
    names: dict[str, str] = {}
    for owner, files in _by_owner(place, assignment, largest):
        doubts: list[str] = []
        chosen = _choose(list(files(doubts)), assignment, problem_set, doubts)
        if chosen is None and not doubts:
            continue
        student = safe_name(owner)
        if names.setdefault(student, owner) != owner:  # two that are cleaned to the same
            student = f"{student[:80]}-{hashlib.sha256(owner.encode('utf-8', 'replace')).hexdigest()[:8]}"
            doubts.append(f"its name, {owner[:60]!r}, is another student's too once it is cleaned")
        content, timestamp = chosen or (None, "")
        yield Submission(student, content, timestamp, doubts)


def safe_name(name: str) -> str:
    """A name with nothing in it that leads anywhere, for files and for a gradebook."""
    text = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode())
    text = re.sub(r"[^\w.@+-]+", "_", text).strip("._-")
    return text[:100] or "unnamed"


def _by_owner(place: Path, assignment: str, largest: int):
    """Each owner, with a function that reads their files and notes what was refused."""
    if not place.exists():
        raise FileNotFoundError(f"there is no {place}; give the folder, or the zip, that holds the submissions")
    if place.is_file():
        yield from _of_class_zip(place, assignment, largest)
        return
    entries = sorted(path for path in place.iterdir() if not path.name.startswith("."))
    if len(entries) == 1 and entries[0].suffix.lower() == ".zip" and not entries[0].is_symlink():
        yield from _of_class_zip(entries[0], assignment, largest)
        return
    owners: dict[str, list[Path]] = {}
    for path in entries:
        if path.is_dir() or path.suffix.lower() in (".ipynb", ".zip"):
            owner = _without_lms(path.name) if path.is_dir() else _owner_of_file(path.name, assignment)
            owners.setdefault(owner, []).append(path)
    for owner, paths in owners.items():
        yield owner, lambda doubts, owner=owner, paths=paths: _read(owner, paths, largest, doubts)


def _owner_of_file(name: str, assignment: str) -> str:
    """Whose a file is, by its name: what is left without the name of the set and what an LMS adds."""
    stem = PurePosixPath(name).stem
    number = assignment.partition("_")[0]
    stem = re.sub(rf"[-_ ]*(?:{re.escape(assignment)}|{re.escape(number)}(?![0-9])\w*)(?:[ _-]*\(?\d+\)?)?$", "", stem)
    return _without_lms(stem) or name


def _without_lms(name: str) -> str:
    """A student's name without what an LMS adds and changes from attempt to attempt; their number stays."""
    name = re.sub(r"_assignsubmission_\w*$", "", name)  # Moodle
    return re.sub(r"(?:_LATE)?_(\d{2,})_\d{2,}$", r"_\1", name)  # Canvas


def _read(owner: str, paths: Sequence[Path], largest: int, doubts: list[str]) -> Iterator[_File]:
    for path in paths:
        for one in _walk(path, doubts):
            below = PurePosixPath(one.relative_to(path.parent).as_posix())
            if one.suffix.lower() == ".zip":
                yield from _of_zip(one, owner, below, largest, doubts)
            elif one.stat().st_size > largest:
                yield _File(owner, below, None)
            else:
                yield _File(owner, below, one.read_bytes())


def _walk(path: Path, doubts: list[str]) -> Iterator[Path]:
    """The notebooks, zips and timestamps at or below a path; no link is followed."""
    if path.is_symlink():
        doubts.append(f"{path.name[:60]!r} is a link; it was not followed")
    elif path.is_dir():
        for below in sorted(path.iterdir()):
            if not below.name.startswith((".", "__MACOSX")):
                yield from _walk(below, doubts)
    elif path.is_file() and (path.suffix.lower() in (".ipynb", ".zip") or path.name == TIMESTAMP):
        yield path


def _wanted(path: PurePosixPath) -> bool:
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not hidden and path.suffix.lower() in (".ipynb", ".zip")  # no time: a student has packed it


def _of_zip(archive: Path, owner: str, below: PurePosixPath, largest: int, doubts: list[str]) -> Iterator[_File]:
    """What is in a student's zip; a zip in it is not opened."""
    left = MOST_OF_A_STUDENT * largest
    try:
        if archive.stat().st_size > LARGEST_ZIP:
            raise DamagedDataError(
                f"{archive.name} takes {archive.stat().st_size:,} bytes; {LARGEST_ZIP:,} are allowed"
            )
        for path, content in members(archive, wanted=_wanted, largest=largest, passed_over=doubts):
            left -= len(content)
            if left < 0:
                raise DamagedDataError(f"{archive.name} holds more notebooks than are looked at")
            if path.suffix.lower() != ".zip":
                yield _File(owner, below / path, content)
    except DamagedDataError as error:
        doubts.append(str(error).replace(str(archive), archive.name)[:300])


def _of_class_zip(archive: Path, assignment: str, largest: int):
    """The owners in a class's zip: its folders, or the files in it. They are read into a folder of our own first."""
    with tempfile.TemporaryDirectory() as kept:
        owners: dict[str, list[tuple[PurePosixPath, Path]]] = {}
        refused: list[str] = []
        found = members(archive, wanted=_wanted, largest=4 * largest, passed_over=refused)
        left = LARGEST_CLASS
        for number, (path, content) in enumerate(found):
            left -= len(content)
            if left < 0:
                raise DamagedDataError(
                    f"{archive} holds more than {LARGEST_CLASS:,} bytes of notebooks; nothing is graded"
                )
            owner = _owner(path, assignment)
            file = Path(kept) / f"{number}{path.suffix.lower()}"
            file.write_bytes(content)
            owners.setdefault(owner, []).append((path, file))
        owners = _unwrapped(owners, assignment)
        for owner, files in owners.items():
            yield owner, lambda doubts, owner=owner, files=files: _kept(owner, files, largest, doubts)
        if refused:
            yield archive.stem, lambda doubts: _refused(refused, doubts)


def _unwrapped(owners: dict, assignment: str) -> dict:
    """The owners below a folder that holds all, as some tools pack it: that one is nobody's."""
    files = [one for kept in owners.values() for one in kept]
    if len(owners) != 1 or any(len(path.parts) < 2 for path, _ in files):
        return owners
    inner: dict[str, list[tuple[PurePosixPath, Path]]] = {}
    for path, file in files:
        below = PurePosixPath(*path.parts[1:])
        inner.setdefault(_owner(below, assignment), []).append((below, file))
    several = len(inner) > 1 and not any(re.match(r"ps\d\d", name) for name in inner)  # a student's sets, or students
    return inner if several else owners


def _owner(path: PurePosixPath, assignment: str) -> str:
    return _without_lms(path.parts[0]) if len(path.parts) > 1 else _owner_of_file(path.name, assignment)


def _kept(owner: str, files: Sequence[tuple[PurePosixPath, Path]], largest: int, doubts: list[str]) -> Iterator[_File]:
    for path, file in files:
        if file.suffix == ".zip":
            yield from _of_zip(file, owner, path, largest, doubts)
        else:
            content = file.read_bytes()
            yield _File(owner, path, content if len(content) <= largest else None)


def _refused(refused: list[str], doubts: list[str]) -> Iterator[_File]:
    doubts += refused[:20]
    yield from ()


def _choose(
    files: list[_File], assignment: str, problem_set: str, doubts: list[str]
) -> tuple[bytes | None, str] | None:
    """The notebook that is this set's, and its timestamp; None if there is none."""
    notebooks = [file for file in files if file.path.suffix.lower() == ".ipynb"]
    notebooks = [file for file in notebooks if _belongs(file, problem_set)]
    if len(notebooks) > MOST_OF_A_STUDENT:
        doubts.append(f"there are {len(notebooks)} notebooks; {MOST_OF_A_STUDENT} were looked at")
    if not notebooks:
        return None
    exact = [file for file in notebooks if file.path.name == f"{assignment}.ipynb"]
    ranked = sorted(
        notebooks[:MOST_OF_A_STUDENT],
        key=lambda file: (_begun(file, problem_set), file in exact, str(file.path)),
        reverse=True,
    )
    best = ranked[0]
    others = [file for file in ranked[1:] if file.content != best.content]
    if others:
        doubts.append(f"there are {len(others) + 1} notebooks of this set; {str(best.path)[:100]!r} was graded")
    stamps = [file for file in files if file.path.name == TIMESTAMP and file.path.parent == best.path.parent]
    timestamp = (stamps[0].content or b"")[:60].decode("utf-8", "replace").strip() if stamps else ""
    if best.content is None:
        doubts.append(f"{str(best.path)[:100]!r} is too large to be read; its outputs should be cleared")
    return best.content, timestamp


def _belongs(file: _File, problem_set: str) -> bool:
    """Whether a notebook may be of a set: by its exercises, else by its name; one that tells nothing may."""
    sets = {exercise.partition("-")[0] for exercise in _exercises(file)}
    if not sets:
        sets = set(re.findall(r"ps\d\d(?!\d)", str(file.path)))
    return problem_set in sets or not sets


def _begun(file: _File, problem_set: str) -> int:
    return len([exercise for exercise in _exercises(file) if exercise.startswith(problem_set)])


def _exercises(file: _File) -> set[str]:
    """The exercises whose line is in a notebook, whatever else may be wrong with it."""
    text = decode(file.content or b"").replace("\\n", "\n").replace('"', "\n")
    return set(exercises_in(text))
