"""True sentences and questions about a scene, and what a sentence states.

All of it goes by one grammar (`grammar`) and one table of words (`lexicon`), so that whatever is generated is
understood, and much more.
"""

from vistext.scenes.language.facts import Attribute, Exactly, Fact, More, Not, Related, Same
from vistext.scenes.language.generate import LENGTHS, describe, describe_grounded, descriptions, refer
from vistext.scenes.language.parse import NotUnderstoodError, Verdict, evaluate, parse_sentence
from vistext.scenes.language.questions import KINDS as QUESTION_KINDS
from vistext.scenes.language.questions import Question, all_questions, reply, sample_questions
from vistext.scenes.language.semantic_frames import ROLES, Frame, frames, render_frame, stated

__all__ = [
    "LENGTHS",
    "QUESTION_KINDS",
    "ROLES",
    "Attribute",
    "Exactly",
    "Fact",
    "Frame",
    "More",
    "Not",
    "NotUnderstoodError",
    "Question",
    "Related",
    "Same",
    "Verdict",
    "all_questions",
    "describe",
    "describe_grounded",
    "descriptions",
    "evaluate",
    "frames",
    "parse_sentence",
    "refer",
    "render_frame",
    "reply",
    "sample_questions",
    "stated",
]
