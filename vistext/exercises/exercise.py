"""How the exercises of a set are declared: their solutions, their cases and the mistakes that are made in them."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

from vistext.exercises import values
from vistext.exercises.judging import Exercise, Misconception
from vistext.exercises.network import network

Item = TypeVar("Item")
TRIES = 2000  # of cases, until one shows every mistake
CLEARLY = 1e-3  # by so much a mistake must differ from what is right


def vary(function: Callable[..., object], **changes: object) -> Callable[..., object]:
    """A function of a case that is another one with changes, by name.

    An argument of the case is replaced, or given to the change if that is a function; an option is set.
    """

    def varied(**case: object) -> object:
        changed = {name: new(case[name]) if name in case and callable(new) else new for name, new in changes.items()}
        return function(**{**case, **changed})

    return varied


@dataclass(frozen=True)
class Heading:
    """What every exercise has; the rest depends on its kind."""

    id: str
    title: str
    points: float

    def function(
        self, solve: Callable[..., object], *, shown: Sequence[dict], mistakes: Mapping[str, tuple], **rest: Any
    ) -> Exercise:
        """An exercise that asks for a function with the name of `solve`.

        `mistakes` has by key what makes it, or the changes that `vary` makes to `solve`; and the idea.
        """
        found = tuple(
            Misconception(key, idea, vary(solve, **mistake) if isinstance(mistake, dict) else mistake)
            for key, (mistake, idea) in mistakes.items()
        )
        rest |= {"kind": "function", "answer": solve.__name__, "shown": tuple(shown)}
        return Exercise(**vars(self), solve=solve, mistakes=found, **rest)

    def value(self, answer: str, value: object, *, mistakes: Mapping[str, tuple], **rest: Any) -> Exercise:
        """An exercise that asks for a value; `mistakes` by key: (wrong value, idea)."""
        found = tuple(
            Misconception(key, idea, vary(lambda value: value, value=wrong)) for key, (wrong, idea) in mistakes.items()
        )
        return Exercise(**vars(self), kind="value", answer=answer, solve=lambda: value, mistakes=found, **rest)

    def network(self, solve: Callable[..., object], **rest: Any) -> Exercise:
        """An exercise that asks for a function named as `solve` that trains a network; see `NetworkExercise`."""
        return network(vars(self), solve, **rest)

    def by_hand(self, section: str) -> Exercise:
        """An exercise that a person marks."""
        return Exercise(**vars(self), kind="by hand", answer="", section=section)


exercise = Heading  # `exercise(...).function(...)` is an `Exercise`


def discriminating(
    exercise: Exercise,
    rng: np.random.Generator,
    make: Callable[..., dict],
    sizes: Sequence[Sequence],
    *,
    also: Sequence[Callable[..., object]] = (),
    but: Sequence[str] = (),
) -> list[dict]:
    """Of each size the first case that `make(rng, *size)` draws on which every mistake shows.

    `also` has further mistakes, and `but` the keys of those that need not show.
    """
    wrong = [*also, *(mistake.simulate for mistake in exercise.mistakes if mistake.key not in but)]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return [_first_that_shows(exercise, wrong, partial(make, rng, *size)) for size in sizes]


def _first_that_shows(exercise: Exercise, wrong: Sequence[Callable[..., object]], make: Callable[[], dict]) -> dict:
    for _ in range(TRIES):
        case = make()
        right = exercise.solve(**case)
        if not any(_gives(does, case, right) for does in wrong):
            return case
    raise RuntimeError(f"{exercise.id}: no case of {TRIES} shows every mistake")


def shuffled(rng: np.random.Generator, items: Sequence[Item]) -> list[Item]:
    """The items in another order; `rng.permutation` would make an array of them."""
    return [items[place] for place in rng.permutation(len(items))]


def _gives(does: Callable[..., object], case: dict, right: object) -> bool:
    try:
        return values.equal(does(**case), right, CLEARLY)
    except Exception:  # a mistake may stop
        return False
