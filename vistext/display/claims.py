"""A sentence that a lesson states, checked against what was measured.

A lesson's stored text must hold on every machine, so it cannot hold exact figures. It holds claims instead: the
sentence is printed with a tick when the measurement bears it out, and the lesson stops with the measured figure when it
does not.
"""

from vistext import profile


class ClaimError(AssertionError):
    """A lesson states something that this run does not bear out."""


def claim(sentence: str, holds: bool, measured: object = None, *, trained: bool = False) -> None:
    """Print `sentence` with a tick if it holds, and raise if it does not.

    Args:
        sentence: what the lesson says, as a full clause without the final stop and without exact figures of this run.
        holds: whether the measurement bears it out.
        measured: the figure (or figures) behind it, shown only when the claim fails.
        trained: the claim is about a network that this lesson has just trained. Profile `smoke` trains for seconds,
            only to show that the code runs, so there such a claim is printed but not judged.

    Raises:
        ClaimError: if `holds` is false; the message gives `measured`.
    """
    if trained and profile.name() == "smoke":
        print(f"– {sentence} (not judged in profile smoke)")
    elif holds:
        print(f"✓ {sentence}")
    else:
        raise ClaimError(
            f"not borne out by this run: {sentence}" + ("" if measured is None else f" (measured: {measured})")
        )
