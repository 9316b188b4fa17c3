"""When a submission was handed in: whose clock counts for a penalty for being late.

The platform's does, and no other:

- the date that a platform writes into the name of a folder or file that it exports (see `platforms`); a date without a
  zone is in the zone of the machine that grades, which TZ can name;
- nbgrader's timestamp.txt, where nbgrader puts it: in submitted/STUDENT/ASSIGNMENT of the course folder.

Whatever a student has packed or written is not: a timestamp.txt anywhere else, the times of files, or a date that
stands in a platform's name twice. Nor is a time that cannot be read. A person is told of each, and the submission
counts as in time.
"""

from datetime import datetime, timezone

NAME = "timestamp.txt"
LONGEST = 60  # bytes that are read of one


def from_platform(date: str, formats: tuple[str, ...]) -> str:
    """A platform's date as nbgrader writes it, in UTC.

    Raises:
        ValueError: it is in none of the formats, or is no date.
    """
    text = date.replace(":", "") if "%I%M" in "".join(formats) else date
    text = text.replace("AM", " AM").replace("PM", " PM") if text[-3:-2].isdigit() else text
    for one in formats:
        try:
            time = datetime.strptime(text, one)
        except ValueError:
            continue
        if "%Z" in one:  # strptime knows of no zone but this machine's and UTC
            time = time.replace(tzinfo=timezone.utc if text.endswith(("UTC", "GMT")) else None)
        return _in_utc(time)
    raise ValueError(f"{date[:LONGEST]!r} is no date")


def from_exchange(content: bytes) -> str:
    """What nbgrader has written, as it stands there.

    Raises:
        ValueError: nbgrader could not read it.
    """
    from nbgrader.utils import parse_utc

    text = content[:LONGEST].decode("utf-8", "replace").strip()
    try:
        parse_utc(text)
    except Exception as error:  # whatever a parser of dates says
        raise ValueError(f"{text!r} is no date") from error
    return text


def _in_utc(time: datetime) -> str:
    try:
        return time.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, OSError) as error:
        raise ValueError("a date beyond all calendars") from error
