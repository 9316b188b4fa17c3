"""Who is who in a course: a name as it was found, and the student's id in the gradebook and in files' names.

Where two names come to one id, whoever has it keeps it, the other gets one of their own, and a person is told. Ids are
kept in graded/students.json.
"""

import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

FILE = "students.json"
LONGEST = 100  # bytes of an id in UTF-8; a file's name may take 255, and some disks allow 143
FORBIDDEN = re.compile(r"[^\w.@+-]+")


def write(path: Path, content: str | bytes) -> None:
    """Write a file of a course wholly or not at all, and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.part")
    half.write_bytes(content.encode("utf-8", errors="replace") if isinstance(content, str) else content)
    os.replace(half, path)


def safe_name(name: str) -> str:
    """A name with nothing in it that leads anywhere, for files and for a gradebook; at most `LONGEST` bytes."""
    text = unicodedata.normalize("NFC", name[: 8 * LONGEST].encode("utf-8", "replace").decode())
    return _cut(FORBIDDEN.sub("_", text).strip("._-"), LONGEST) or "unnamed"


class Students:
    """The ids of a course's students, kept in a file if there is one.

    Of the ids that the gradebook has taken, one that no known name has belongs to who is called so.
    """

    def __init__(self, file: Path | None = None, taken: Iterable[str] = ()):
        self._file = file
        self._ids: dict[str, str] = {} if file is None else _read(file)
        self._owners = {_key(identity): name for name, identity in reversed(self._ids.items())}
        for identity in taken:
            self._owners.setdefault(_key(identity), identity)

    def add(self, names: Iterable[str], *, are_ids: bool = False) -> None:
        """Give each of these names an id, if it has none; those that are an id as they are come first.

        With `are_ids` they are of folders that are called as ids are; one that somebody has is theirs.
        """
        new = [name for name in dict.fromkeys(names) if name not in self._ids]
        if are_ids:
            known = set(self._ids.values())
            self._ids |= {name: name for name in new if name in known}
            new = [name for name in new if name not in known]
        for name in sorted(new, key=lambda name: safe_name(name) != name):
            identity = safe_name(name)
            while self._owners.get(_key(identity), name) != name:  # the second time, somebody is called as that is
                more = name if identity == safe_name(name) else f"{name}{identity}"
                digest = hashlib.sha256(more.encode("utf-8", "surrogatepass")).hexdigest()[:8]
                identity = f"{_cut(identity, LONGEST - 9)}-{digest}"
            self._ids[name] = identity
            self._owners[_key(identity)] = name
        if new and self._file is not None:
            write(self._file, json.dumps(self._ids, indent=1))  # in ASCII: a lone surrogate is no UTF-8

    def id(self, name: str) -> str:
        return self._ids[name]

    def namesake(self, name: str) -> str | None:
        """Whose the id is that this name would have had; None if it has it."""
        owner = self._owners.get(_key(safe_name(name)), name)
        return None if owner == name or self._ids.get(owner) == self._ids[name] else owner


def _read(file: Path) -> dict[str, str]:
    try:
        ids = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ValueError(f"{file} is no valid JSON ({error}); mend it: it says which student has which id") from error
    if not isinstance(ids, dict) or not all(isinstance(one, str) and safe_name(one) == one for one in ids.values()):
        raise ValueError(f"{file} must hold an id for each name, of letters, digits and . @ + - _; mend it")
    return ids


def _cut(text: str, most: int) -> str:
    return text.encode("utf-8")[:most].decode("utf-8", "ignore").rstrip("._-") if len(text.encode()) > most else text


def _key(identity: str) -> str:
    """What is the same of two ids that some disk, or some eye, takes for one."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", identity).casefold())
