"""From a submitted notebook to its scores: one pure function, for one submission, on any machine."""

import time
from importlib import import_module
from pathlib import Path

from vistext.exercises.exercise import Exercise, Failure, Verdict
from vistext.grading import cells, restore, sanitize
from vistext.grading.execute import Answers, Examined, examine
from vistext.grading.limits import Job
from vistext.grading.sandbox import SandboxError

NOT_SHOWN = "a case that is not shown"
NO_ANSWER = "There is no answer yet."
UNJUDGED = {"asked": "", "came_back": "", "expected": "", "idea": "A person looks at this answer."}
UNJUDGED |= {"score": 0.0, "share": 0.0, "passed": False, "mistake": "unjudged"}
NOT_BEGUN = Failure("NotImplementedError", "nothing yet")


def grade(content: bytes, job: Job, hidden: tuple[Path, ...] = ()) -> dict:
    """Grade one submission.

    Args:
        content: the submitted file.
        job: what is the same for all of the set.
        hidden: folders that the sandbox must not show.

    Returns:
        Plain data: "exercises", by id, each with "score" (None where a person marks), "points" and what is said of it;
        "notebook", the repaired one without outputs (None if it could not be read); "notes", for the student;
        "doubts", for which a person should look at it, and which a student does not see, for what happens while
        held-out cases are asked may tell of them; "by_hand", the answers that a person marks; "seconds".

    Raises:
        vistext.grading.sandbox.SandboxError: there is no sandbox.
        MemoryError: this process may not take as much as that needs. Nothing else, whatever was submitted.
    """
    try:
        return _grade(content, job, hidden)
    except cells.UnreadableError as error:
        return ungraded(str(error))
    except (SandboxError, MemoryError):
        raise
    except Exception as error:  # a fault of ours, that one submission has found: the others are graded all the same
        return ungraded(f"a fault in the grader, which its authors should be told of: {_kind(error)}")


def ungraded(*doubts: str) -> dict:
    """What `grade` returns of a submission that a person must look at first."""
    return {"exercises": {}, "notebook": None, "notes": [], "doubts": list(doubts), "by_hand": {}, "seconds": 0.0}


def _grade(content: bytes, job: Job, hidden: tuple[Path, ...]) -> dict:
    began = time.monotonic()
    exercises = import_module(job.checks).of_set(job.problem_set)
    release = job.release["cells"]
    prepared = restore.prepare(cells.read(content, job.limits), release, exercises)
    examined = examine(prepared.run, exercises, job, hidden)
    doubts = [*prepared.doubts]
    results = {exercise.id: _result(exercise, prepared, examined, doubts) for exercise in exercises}
    return {
        "exercises": results,
        "notebook": restore.assembled(prepared, job.release, {key: _said(one) for key, one in results.items()}),
        "notes": prepared.repairs + prepared.doubts + _stopped(prepared, examined),
        "doubts": doubts + examined.reasons,
        "by_hand": {key: text[: sanitize.LONGEST] for key, text in prepared.by_hand.items()},
        "seconds": round(time.monotonic() - began, 3),
    }


def _stopped(prepared: restore.Prepared, examined: Examined) -> list[str]:
    return [
        f"code cell {prepared.run[number].number} stopped with {name}: {said}"
        for number, (name, said) in sorted(examined.raised.items())
        if not prepared.run[number].given and name != "NotImplementedError"  # a stub that was left as it was
    ]


def _result(exercise: Exercise, prepared: restore.Prepared, examined: Examined, doubts: list[str]) -> dict:
    """What an exercise is worth, and what may be said of it."""
    known = {"title": exercise.title, "points": float(exercise.points), "kind": exercise.kind}
    if exercise.kind == "by hand":
        verdict = exercise.judge([], [])
        begun = bool(prepared.by_hand[exercise.id])
        words = {"asked": "", "came_back": "", "expected": "", "idea": verdict.idea, "section": verdict.section}
        if not begun:
            words["idea"] = NO_ANSWER
        return known | words | {"score": None if begun else 0.0, "share": 0.0, "passed": False, "mistake": ""}
    judged = []
    for own in examined.answers[exercise.id]:
        if exercise.id in prepared.untouched:
            own.shown_outputs, own.held_out_outputs = map(_not_begun, (own.shown_outputs, own.held_out_outputs))
        try:
            judged.append(_judged(exercise, own))
        except Exception as error:  # a fault of ours, that one answer has found: the others are judged all the same
            doubts.append(f"{exercise.id}: what came back cannot be judged, for a fault in the grader: {_kind(error)}")
            judged.append(UNJUDGED | {"section": exercise.section})
    return known | max(reversed(judged), key=lambda one: one["share"])


def _not_begun(outputs: list[object]) -> list[object]:
    """Outputs in which there is no failure to find a name that only an untouched stub would have."""
    return [NOT_BEGUN if type(one) is Failure and one.kind == "Missing" else one for one in outputs]


def _judged(exercise: Exercise, own: Answers) -> dict:
    whole = exercise.judge(own.shown + own.held_out, own.shown_outputs + own.held_out_outputs)
    # Cases that a student can look up earn nothing by themselves.
    unseen = exercise.judge(own.held_out, own.held_out_outputs) if own.held_out else whole
    share = 0.0 if whole.share == 0 else min(whole.share, unseen.share)
    return _words(exercise, whole, own) | {
        "score": round(float(exercise.points) * share, 2),
        "share": round(share, 4),
        "passed": whole.passed,
        "mistake": whole.mistake,
    }


def _kind(error: Exception) -> str:
    return type(error).__name__


def _words(exercise: Exercise, whole: Verdict, own: Answers) -> dict:
    """What a student may read: never of a held-out case, for they would learn what is asked."""
    shown = exercise.judge(own.shown, own.shown_outputs) if own.shown else whole
    words = {"idea": whole.idea, "section": whole.section}
    if whole.mistake == "not-begun":  # it tells of the cells of a notebook, which a page has not
        words["idea"] = NO_ANSWER
    if whole.passed or whole.mistake == "not-begun":
        return words | {"asked": "", "came_back": "", "expected": ""}
    if shown.passed or not own.shown:
        expected = exercise.expects or "what the exercise asks for"
        return words | {
            "asked": NOT_SHOWN,
            "came_back": "something else; the cases that are shown come out right",
            "expected": expected,
        }
    return words | {"asked": shown.asked, "came_back": shown.came_back, "expected": shown.expected}


def _said(result: dict) -> str:
    score = (
        "to be marked by a person" if result["score"] is None else f"{result['score']:g} of {result['points']:g} points"
    )
    return f"{result['title']}: {score}. {result['idea']}"
