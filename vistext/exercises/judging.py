"""Judging: an exercise, what it asks, what is right, and the mistakes that are made in it.

A mistake is known by what it does: if what came back is what a function that makes this mistake gives, in every case,
then that is the mistake, and its idea is what to look at again.
"""

import copy
import re
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from string import ascii_uppercase

import numpy as np

from vistext.exercises import values
from vistext.exercises.crashes import explain

# The line by which an exercise is found again without metadata, and what stands where there is no answer yet.
MARKER = re.compile(r"^[ \t]*#[ \t]*exercise:[ \t]*(\S+)[ \t]*$", re.MULTILINE)
CODE_STUB, TEXT_STUB = "# YOUR CODE HERE\nraise NotImplementedError()", "YOUR ANSWER HERE"

NOT_BEGUN = "Not begun yet: write your own {} in the cell above, then run both cells."
EARN_NOTHING = ("constant", "hard-coded")  # what is right now and then, and never worked out


@dataclass(frozen=True)
class Failure:
    """What came back in place of a value."""

    kind: str  # the exception's name; "ChangedInput" (of what was given), "Timeout", or "Missing" (no such name)
    message: str  # in words, for the student


@dataclass(frozen=True)
class Misconception:
    """A way to be wrong: what it makes of a case, and what to look at again, which never says what is right."""

    key: str
    idea: str
    simulate: Callable[..., object]


@dataclass(frozen=True)
class Verdict:
    """What is found about an answer; plain data only."""

    passed: bool  # all of it is right
    share: float  # of its cases that are right, 0 to 1
    asked: str  # of the first case that is wrong (else of the first one), in words
    came_back: str  # what was given for it
    expected: str  # type, shape and, of functions, the value with its tolerance
    idea: str  # what to look at again; a word of praise if it is right
    mistake: str  # a short name; "" if it is right, and "other" if it is wrong in an unknown way
    section: str  # of the lesson, where the idea is explained


@dataclass(frozen=True)
class Exercise:
    """One exercise of a problem set; the notebook has its aim, its minutes and how difficult it is."""

    id: str  # of the set, and the number in it: "ps01-3"
    title: str
    points: float
    kind: str  # "function", "value", "network" or "by hand"
    answer: str  # the name that the student defines: a function's, or a variable's
    section: str  # the lesson's file and the anchor of a heading: "01_tagging.ipynb#Pooling"
    expects: str = ""  # what comes back, in words: type, shape, range
    solve: Callable[..., object] = lambda: None  # a right function of a case's arguments; of none for a value
    shown: tuple[dict, ...] = ()  # the cases that a student may see
    draw: Callable[[np.random.Generator], list[dict]] = lambda rng: []  # makes the held-out cases
    mistakes: tuple[Misconception, ...] = field(default=(), repr=False)  # the first that fits is named
    tolerance: float = 1e-5  # by which numbers may differ: what float32 holds
    seconds: float = 0.0  # for one training, if something is trained

    @property
    def of_project(self) -> bool:
        """Whether it belongs to a project: hours of work, of which the grader runs only what the answer needs."""
        return self.id.startswith("pr")

    def cases(self, seed: int | None) -> list[dict]:
        """The arguments with which the student's function is called.

        Args:
            seed: None for the cases that are shown; a whole number from 0 on for held-out ones, others for each.

        Returns:
            Fresh plain data. A value has one case, without arguments; what is marked by hand has none.
        """
        if self.kind in ("value", "by hand"):
            return [{}] if self.kind == "value" else []
        if seed is None:
            return copy.deepcopy(list(self.shown))
        return copy.deepcopy(_drawn(self.draw, seed, zlib.crc32(self.id.encode())))

    def judge(self, cases: Sequence[dict], outputs: Sequence[object]) -> Verdict:
        """Judge what came back.

        Args:
            cases: as `cases` gives them; shown ones, held-out ones, or both.
            outputs: for each what came back, or a `Failure`. Nothing is assumed about them. If there are too few, the
                rest is missing.

        Raises:
            ValueError: there are no cases, though answers are judged by cases.
        """
        if self.kind == "by hand":
            idea = "A person reads this answer; the question says what is looked for."
            return Verdict(False, 0.0, self.title, "your text", "a few sentences", idea, "by-hand", self.section)
        if not cases:
            raise ValueError(f"{self.id} is judged by its cases, and none are given")
        missing = Failure("Missing", f"There is no `{self.answer}`, or it gave no answer.")
        outputs = [*outputs[: len(cases)], *[missing] * (len(cases) - len(outputs))]
        truth = [outcome(self.solve, case) for case in cases]
        right = [self.is_right(given, true) for given, true in zip(outputs, truth, strict=True)]
        first = right.index(False) if False in right else 0
        mistake, idea = ("", "Right.") if all(right) else self._find_mistake(cases, outputs, truth, right)
        silent = all(given is None for given in outputs)  # even where None is right, now and then
        came_back, expected = _in_words(outputs[first], truth[first], right[first])
        return Verdict(
            passed=all(right),
            share=0.0 if mistake in EARN_NOTHING or (mistake and silent) else sum(right) / len(right),
            asked=self._asked(cases[first]),
            came_back=came_back,
            expected=self._expected(truth[first], expected),
            idea=idea,
            mistake=mistake,
            section=self.section,
        )

    def is_right(self, given: object, true: object, nan: bool = False) -> bool:
        """Whether what came back of a case is what a right function gives for it; nan may be right, or never is."""
        if type(given) is Failure or type(true) is Failure:
            return type(given) is Failure and type(true) is Failure and given.kind == true.kind
        return values.equal(given, true, self.tolerance, by_letter=self.kind == "function", nan=nan)

    def _asked(self, case: dict) -> str:
        if self.kind == "value":
            return f"the value of {self.answer}"
        return f"{self.answer}({', '.join(f'{name} = {_argument(value)}' for name, value in case.items())})"

    def _expected(self, true: object, words: str) -> str:
        if self.kind == "value":
            return self.expects
        within = f", to within {self.tolerance:g}" if values.numbers(true) is not None else ""
        return f"{self.expects}; here {words}{within}"

    def _find_mistake(
        self, cases: Sequence[dict], outputs: list[object], truth: list[object], right: list[bool]
    ) -> tuple[str, str]:
        """The key and the idea of what is wrong."""
        given, true = outputs[right.index(False)], truth[right.index(False)]
        not_written = self.kind == "value" and (given is None or given is ...)
        if not_written or (type(given) is Failure and given.kind == "NotImplementedError"):
            return "not-begun", NOT_BEGUN.format(self.answer)
        if _is_truth(given) and not _is_truth(true) and values.numbers(true) is not None:
            return "wrong-type", "That is a truth value. A number is asked for."
        for mistake in self.mistakes:
            outcomes = (outcome(mistake.simulate, case) for case in cases)
            if all(self.is_right(output, wrong, nan=True) for output, wrong in zip(outputs, outcomes, strict=True)):
                return mistake.key, mistake.idea
        if type(given) is Failure:
            return failed(given)
        if self._is_hard_coded(cases, outputs, right):
            return _HARD_CODED
        other = OTHER_VALUE if self.kind == "value" else OTHER
        forms = _forms(outputs, given, true, lambda: all(map(self._is_in_per_cent, outputs, truth)), other)
        return next((key, idea) for holds, key, idea in forms if holds)

    def _is_hard_coded(self, cases: Sequence[dict], outputs: list[object], right: list[bool]) -> bool:
        """Whether just the shown cases are right, and all others get one and the same answer, or a shown case's."""
        shown = [list(case.values()) for case in self.shown]
        is_shown = [any(values.equal(list(case.values()), arguments) for arguments in shown) for case in cases]
        if _is_constant(outputs) or not any(is_shown) or right != is_shown:
            return False
        known = [output for output, seen in zip(outputs, is_shown, strict=True) if seen]
        held_out = [output for output, seen in zip(outputs, is_shown, strict=True) if not seen]
        repeated = all(any(_alike(output, answer) for answer in known) for output in held_out)
        return len(held_out) > 2 and (repeated or all(_alike(output, held_out[0]) for output in held_out))

    def _is_in_per_cent(self, output: object, true: object) -> bool:
        """Whether what came back is a hundred times what is right, and that lies between 0 and 1."""
        found, wanted = values.numbers(output), values.numbers(true)
        if found is None or wanted is None or found.shape != wanted.shape:
            return False
        return bool(((wanted >= 0) & (wanted <= 1)).all()) and self.is_right(found / 100, wanted)


_FAILED = {
    "ChangedInput": (
        "changed-input",
        "It changed what it was given, and who calls it may need that again. Work on a copy, or make something new.",
    ),
    "Timeout": ("too-slow", "It did not end in time: a loop without end, too many steps, or a busy machine."),
    "GaveNothing": (
        "gives-nothing",
        "Your network was returned, but gave nothing when it was asked. Does it end with return?",
    ),
    "NoNetwork": ("no-network", "Return the network itself, or a function of one argument; not what it gives."),
    "Missing": ("missing", "Give your answer the name that the exercise asks for."),
}


def failed(failure: Failure) -> tuple[str, str]:
    """The key and the idea of what stopped an answer."""
    return _FAILED.get(failure.kind) or ("stopped", explain(failure.kind, failure.message))


OTHER = "Its form is right, its value is not. Work out one small case by hand, and compare."
OTHER_VALUE = "Its form is right, its value is not. Read the section again, and count once more."
_HARD_CODED = (
    "hard-coded",
    "It is right for the cases that are shown, and to all others it says one and the same, or what it says to a shown "
    "one. Does it work its answer out?",
)


def _in_words(given: object, true: object, right: bool) -> tuple[str, str]:
    """What came back and what was expected; with more digits, if they are not the same and read the same."""
    if type(given) is Failure:
        return given.message, values.to_text(true)
    words = values.to_text(given), values.to_text(true)
    if not right and words[0].partition(": ")[2] == words[1].partition(": ")[2]:
        return values.to_text(given, 8), values.to_text(true, 8)
    return words


def _is_truth(value: object) -> bool:
    return type(value) in (bool, np.bool_)


def _forms(
    outputs: Sequence[object], given: object, true: object, per_cent: Callable[[], bool], other: str
) -> Iterator[tuple[bool, str, str]]:
    """What may be wrong with an answer that fits no known mistake: whether it is, its key and its idea."""
    found, wanted = values.numbers(given), values.numbers(true)
    silent = all(output is None for output in outputs)
    yield silent, "returns-nothing", "It returned nothing. Does it end with return? (To print is not to return.)"
    yield given is None, "none-here", "It gave None here, and there is an answer. What makes it give up, or end early?"
    yield true is None, "not-none", "It found something here, and nothing is to be found. What should come back then?"
    yield (
        wanted is not None and wanted.ndim > 0 and _is_ragged(given),
        "wrong-shape",
        "Its rows are not all of one length.",
    )
    lists = values.is_list(true) and type(given) in (*values.LISTS, np.ndarray)
    differs_in_kind = (found is None) != (wanted is None) or (found is None and type(given) is not type(true))
    kind = "It is another kind of thing than was asked for. Look at what should come back."
    yield differs_in_kind and not lists, "wrong-type", kind
    shape, right_shape = _shapes(given, true)
    differs = shape != right_shape
    several = "One number is asked for. Yours is in a list or an array, or there are several."
    yield differs and not right_shape, "wrong-shape", several
    yield differs and not shape, "wrong-shape", "That is a single number. Several are asked for."
    axes = "It has another number of axes than was asked for. Which should be gone, or be there?"
    yield len(shape) != len(right_shape), "wrong-shape", axes
    amount = "few" if shape < right_shape else "many"
    entries = f"It has too {amount} entries. Which are missing, or should not be there?"
    yield differs and len(shape) == 1, "wrong-shape", entries
    yield differs, "wrong-shape", "Its shape is not the one that was asked for. Count rows and columns with a pencil."
    entry = _misshapen_entry(given, true)
    yield bool(entry), "wrong-shape", entry
    nan = "It holds nan or infinity: something was divided by 0, or became too large for exp, or was 0 for log."
    yield found is not None and not np.isfinite(found).all(), "not-finite", nan
    alike = "It gives the same answer whatever it is asked. Does it use what it is given?"
    yield _is_constant(outputs), "constant", alike
    yield per_cent(), "per-cent", "It is a hundred times too large. A share of all is 1, and not 100."
    yield from _letters(given, true)
    formed = isinstance(true, str) or (found is not None and wanted is not None and found.shape == wanted.shape)
    yield formed, "other", other
    yield True, "other", "Not all that is in it is right. Work out one small case by hand, and compare one by one."


def _letters(given: object, true: object) -> Iterator[tuple[bool, str, str]]:
    """The same for letters in an order, such as "BCA": which are given, and how often."""
    if isinstance(true, str) and isinstance(given, str) and sorted(true) == list(ascii_uppercase[: len(true)]):
        found = sorted(letter for letter in given.upper() if letter.isalnum())
        idea = f"{values.NUMBERS[len(true)].capitalize()} letters are asked for, each once."
        yield found != sorted(true), "wrong-letters", idea
        yield True, "other", "Each letter is there once. In which order? Compare two of them, then the next two."


def _is_ragged(value: object) -> bool:
    """Whether it is a list of rows of numbers, which are not all of one shape."""
    if not values.is_list(value):
        return False
    rows = [values.numbers(row) for row in value]
    shapes = {() if row is None else row.shape for row in rows}
    return () not in shapes and len(shapes) > 1


def _shapes(given: object, true: object) -> list[tuple[int, ...]]:
    """The shapes of two arrays; where one is none, or a list of lists is expected, which may differ, their lengths."""
    found, wanted = values.numbers(given), values.numbers(true)
    nested = values.is_list(true) and any(values.is_list(item) for item in true)
    if found is None or wanted is None or nested:
        return [_length(given), _length(true)]
    return [found.shape, wanted.shape]


def _misshapen_entry(given: object, true: object) -> str:
    """Which array of a list has another shape than was asked for; empty if none has."""
    if values.is_list(true) and values.is_list(given) and all(type(item) is np.ndarray for item in true):
        for number, (item, right) in enumerate(zip(given, true, strict=False), start=1):
            found = values.numbers(item)
            if found is not None and found.shape != right.shape:
                return f"Entry {number} of {len(true)} has shape {found.shape}; asked for is {right.shape}."
    return ""


def _length(value: object) -> tuple[int, ...]:
    if type(value) is np.ndarray:
        return value.shape[:1]
    return (len(value),) if values.is_list(value) else ()


def _is_constant(outputs: Sequence[object]) -> bool:
    """Whether the same came back of more cases than may be alike by chance; what is no plain data is never the same."""
    first = values.numbers(outputs[0])
    if first is None or first.size > values.MOST:  # to compare larger ones would take longer than all the rest
        return False
    return len(outputs) > 2 and all(values.equal(output, first) for output in outputs)


def _alike(given: object, other: object) -> bool:
    """Whether two answers are the same, or two arrays hold nothing but one and the same number."""
    if type(given) is Failure or type(other) is Failure:
        return False
    found, wanted = values.numbers(given), values.numbers(other)
    if found is None or wanted is None:
        plain_types = (str, np.str_, type(None), *values.LISTS)
        return type(other) in plain_types and values.equal(given, other)
    if max(found.size, wanted.size) > values.MOST:
        return False
    filled = (
        found.size > 0 and wanted.size > 0 and bool((found == wanted.flat[0]).all() and (wanted == found.flat[0]).all())
    )
    return filled or values.equal(found, wanted)


def outcome(function: Callable[..., object], case: dict) -> object:
    """What one of our own functions makes of a case: a value, or a `Failure` that names what it raised."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return function(**copy.deepcopy(case))
        except Exception as error:  # whatever a student's slip would raise, the same slip raises here
            return Failure(type(error).__name__, "")


@lru_cache(maxsize=64)
def _drawn(draw: Callable, seed: int, number: int) -> list[dict]:
    """Drawn once for a class, and not once for each of its students."""
    return draw(np.random.default_rng([seed, number]))


def _argument(value: object) -> str:
    """An argument as it is shown: short, and without saying of each that it is an array."""
    return re.sub("^the (number|text|truth value) ", "", values.to_text(value))
