"""A sentence that a lesson states, checked against what was measured.

A lesson's stored text must hold on every machine, so what nbval compares holds no figure of one run: of the line
"✓ ours is right more often · 75.1 % against 58.3 %" it compares what is before the dot (tests/notebooks/sanitize.cfg).
"""

from numbers import Integral, Real

import numpy as np

from vistext import profile


class ClaimError(AssertionError):
    """A lesson states something that this run does not bear out."""


def claim(sentence: str, holds: bool, measured: object = None, *, trained: bool = False) -> None:
    """Print `sentence` with a tick and the measured figure if it holds, and raise if it does not.

    Args:
        sentence: what the lesson says, as a full clause without the final stop and without exact figures of this run.
        holds: whether the measurement bears it out.
        measured: the figure behind it: a text ("75.1 % against 58.3 %"), a number, or several.
        trained: the claim is about a network that this lesson has just trained; in profile `smoke`, which trains for
            seconds, it is printed but not judged.

    Raises:
        ClaimError: if `holds` is false; the message gives `measured`.
    """
    figure = "" if measured is None else f" · {_as_text(measured)}"
    if trained and profile.name() == "smoke":
        print(f"– {sentence} (not judged in profile smoke)")
    elif holds:
        print(f"✓ {sentence}{figure}")
    else:
        raise ClaimError(f"not borne out by this run: {sentence}{figure}")


def _as_text(measured) -> str:
    """Numbers to three digits, whole ones in full; two beside one another as "a against b", more with commas."""
    if isinstance(measured, str):
        return measured
    if isinstance(measured, dict):
        return ", ".join(f"{name} {_as_text(value)}" for name, value in measured.items())
    if np.ndim(measured):
        return (" against " if len(measured) == 2 else ", ").join(map(_as_text, measured))
    if isinstance(measured, Integral):
        return f"{measured:,}"
    return f"{measured:,.3g}" if isinstance(measured, Real) else str(measured)
