"""What can be said of a drawn scene, what can be asked about it, and what a sentence states.

`descriptions` and `describe` speak (and `describe_grounded` tells of what), `questions`, `ask` and `reply` ask and
answer, `frames` gives verbs and roles; `read` and `holds` understand. All go by one grammar (`grammar`) and one table
of words (`lexicon`), so that whatever is said here is understood here, and much that is not.
"""

from vistext.scenes.language.facts import Exactly, Fact, Is, More, Not, Related, Same
from vistext.scenes.language.frames import ROLES, Frame, frames, stated, tell
from vistext.scenes.language.generate import LENGTHS, describe, describe_grounded, descriptions, refer
from vistext.scenes.language.parse import NotUnderstoodError, Verdict, holds, read
from vistext.scenes.language.questions import KINDS as QUESTION_KINDS
from vistext.scenes.language.questions import Question, ask, ask_several, questions, reply

__all__ = [
    "LENGTHS",
    "QUESTION_KINDS",
    "ROLES",
    "Exactly",
    "Fact",
    "Frame",
    "Is",
    "More",
    "Not",
    "NotUnderstoodError",
    "Question",
    "Related",
    "Same",
    "Verdict",
    "ask",
    "ask_several",
    "describe",
    "describe_grounded",
    "descriptions",
    "frames",
    "holds",
    "questions",
    "read",
    "refer",
    "reply",
    "stated",
    "tell",
]
