"""Exercises that ask for a network: a student's function trains it, and what it gives unseen inputs is judged."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vistext.exercises import values
from vistext.exercises.judging import NOT_BEGUN, Exercise, Failure, Verdict, failed

RETURN_IT = "It returned nothing. Does it end with return, and the network behind it?"
NOT_NUMBERS = "What the network gives is no array of numbers. Should it give probabilities, or vectors?"
NOT_FINITE = "It gives nan or infinity: training has diverged. Is the learning rate too large, or log taken of 0?"
CONSTANT = "It gives the same whatever it is asked. Has it learned more than how often each answer comes?"
SHOWN = 1_000_003  # the seed of a case that is shown
NOT_ENOUGH = "It has learned something, and not enough. More steps, another learning rate, or more units?"
REACHED = " That is {} of {} bars."


@dataclass(frozen=True)
class NetworkExercise(Exercise):
    """An exercise whose answer is a function that trains a network and returns it.

    A case has "given", the keyword arguments of that function; "asked", what the network is called with afterwards, an
    array or a dict of arrays; and "truth", which only `score` sees. `solve` is a reference, and judging never runs it.
    """

    score: Callable[[Any, np.ndarray], float] = lambda truth, outputs: 0.0  # the larger, the better
    at_least: tuple[float, ...] = ()  # scores to reach, in rising order; each earns an equal share of the points
    measure: str = ""  # what the score is, in words
    shape: Callable[[Any], tuple[int, ...]] = lambda truth: ()  # of what the network gives, by the truth
    symptoms: tuple[tuple[str, Callable[[Any, np.ndarray], bool], str], ...] = field(default=(), repr=False)
    details: Callable[[Any, np.ndarray], str] = lambda truth, outputs: ""  # of the score, as it is shown behind it
    seconds: float = 60.0  # for one training

    def cases(self, seed: int | None) -> list[dict]:
        """As `Exercise.cases`; where no case is written down as shown, one is drawn, once it is asked for."""
        return super().cases(SHOWN if seed is None and not self.shown else seed)

    def judge(self, cases: Sequence[dict], outputs: Sequence[object]) -> Verdict:
        """Judge what the networks gave for what they were asked, by their scores; see `Exercise.judge`."""
        if not cases:
            raise ValueError(f"{self.id} is judged by its cases, and none are given")
        missing = Failure("Missing", f"There is no `{self.answer}`, or it gave no network.")
        outputs = [*outputs[: len(cases)], *[missing] * (len(cases) - len(outputs))]
        judged = [self._judged(case["truth"], output) for case, output in zip(cases, outputs, strict=True)]
        shares = [share for share, *_ in judged]
        first = shares.index(min(shares))
        share, mistake, idea, came_back = judged[first]
        return Verdict(
            passed=share == 1,
            share=sum(shares) / len(shares) if share else 0.0,
            asked=self._asked(cases[first]["given"]),
            came_back=came_back,
            expected=f"{self.expects}; {self.measure}: at least {' / '.join(f'{bar:g}' for bar in self.at_least)}",
            idea=idea,
            mistake=mistake,
            section=self.section,
        )

    def _judged(self, truth: object, output: object) -> tuple[float, str, str, str]:
        """The share of the bars that is reached, the key and the idea of what is wrong, and what came back in words."""
        malformed = next(self._malformed(output, self.shape(truth)), None)
        if malformed:
            return 0.0, *malformed
        outputs = np.asarray(output, float)
        score = float(self.score(truth, outputs))
        reached, bars = sum(score >= bar for bar in self.at_least), len(self.at_least)
        mistake, idea = next(self._shortcomings(truth, outputs)) if reached < bars else ("", "Right.")
        if 0 < reached < bars:
            idea += REACHED.format(values.NUMBERS[reached], values.NUMBERS[bars])
        came_back = f"a network; {self.measure}: {score:.3g}{self.details(truth, outputs)}"
        return reached / bars, mistake, idea, came_back

    def _malformed(self, output: object, shape: tuple[int, ...]) -> Iterator[tuple[str, str, str]]:
        """Why something has no score: a key, an idea, and what came back in words."""
        if type(output) is Failure and output.kind == "NotImplementedError":
            yield "not-begun", NOT_BEGUN.format(self.answer), output.message
        elif type(output) is Failure:
            yield *failed(output), output.message
        elif output is None:
            yield "returns-nothing", RETURN_IT, "None"
        elif (found := values.numbers(output)) is None:
            yield "wrong-type", NOT_NUMBERS, values.to_text(output)
        elif found.shape != shape:
            idea = f"The network gives an array of shape {found.shape}, and {shape} is asked for."
            yield "wrong-shape", idea, f"a network whose answers have shape {found.shape}"
        elif not np.isfinite(found).all():
            yield "not-finite", NOT_FINITE, "a network that gives nan or infinity"

    def _shortcomings(self, truth: object, outputs: np.ndarray) -> Iterator[tuple[str, str]]:
        """Why a score may be too low: keys and ideas."""
        yield from ((key, idea) for key, shows, idea in self.symptoms if shows(truth, outputs))
        if len(outputs) > 2 and np.isclose(outputs, outputs[:1], atol=1e-6).all():
            yield "constant", CONSTANT
        yield "other", NOT_ENOUGH


def network(
    heading: Mapping[str, Any],
    solve: Callable[..., object],
    *,
    at_least: float | Sequence[float],
    shown: Sequence[dict] = (),
    mistakes: Mapping[str, tuple],
    **rest: Any,
) -> NetworkExercise:
    """An exercise that asks for a function with the name of `solve`; `mistakes` by key: (what shows it, idea)."""
    bars = tuple(np.atleast_1d(at_least).tolist())
    found = tuple((key, shows, idea) for key, (shows, idea) in mistakes.items())
    rest |= {"kind": "network", "answer": solve.__name__, "shown": tuple(shown), "symptoms": found}
    return NetworkExercise(**heading, solve=solve, at_least=bars, **rest)
