"""From a submitted notebook to its scores: one pure function, for one submission, on any machine."""

import time
from importlib import import_module

from vistext.exercises.judging import Exercise, Failure
from vistext.grading import cells, sanitize
from vistext.grading.execute import Answers, Executed, execute
from vistext.grading.limits import Job
from vistext.grading.records import Graded, Result
from vistext.grading.restore import Restored, assemble, restore
from vistext.grading.sandbox import SandboxError

NOT_SHOWN = "a case that is not shown"
NO_ANSWER = "There is no answer yet."
NOT_BEGUN = Failure("NotImplementedError", "nothing yet")


def grade(content: bytes, job: Job) -> Graded:
    """Grade the content of a submitted file: whatever it is, only a `SandboxError` or a `MemoryError` is raised."""
    try:
        return _grade(content, job)
    except cells.UnreadableError as error:
        return Graded(flags=[str(error)])
    except (SandboxError, MemoryError):
        raise
    except Exception as error:  # a fault of ours, that one submission has found: the others are graded all the same
        return Graded(flags=[f"a fault in the grader, which its authors should be told of: {type(error).__name__}"])


def _grade(content: bytes, job: Job) -> Graded:
    began = time.monotonic()
    exercises = import_module(job.exercises).of_set(job.problem_set)
    restored = restore(cells.read(content, job.limits), job.release["cells"], exercises)
    executed = execute(restored.run, exercises, job)
    flags = [*restored.flags]
    results = {exercise.id: _result(exercise, restored, executed, flags) for exercise in exercises}
    outputs = {}
    for key, result in results.items():
        score = (
            f"{result.score:g} of {result.points:g} points" if result.score is not None else "to be marked by a person"
        )
        outputs[key] = f"{result.title}: {score}. {result.idea}"
    stopped = [
        f"code cell {restored.run[index].number} stopped with {name}: {message}"
        for index, (name, message) in sorted(executed.raised.items())
        if not restored.run[index].given and name != "NotImplementedError"  # a stub that was left as it was
    ]
    return Graded(
        results,
        assemble(restored, job.release, outputs),
        notes=restored.repairs + restored.flags + stopped,
        flags=flags + executed.flags,
        by_hand={key: text[: sanitize.LONGEST] for key, text in restored.by_hand.items()},
        seconds=round(time.monotonic() - began, 3),
    )


def _result(exercise: Exercise, restored: Restored, executed: Executed, flags: list[str]) -> Result:
    """What an exercise is worth: by its best answer, of several the last."""
    if exercise.kind == "by hand":
        begun = bool(restored.by_hand[exercise.id])
        result = _blank(exercise, idea=exercise.judge([], []).idea if begun else NO_ANSWER)
        result.score = None if begun else 0.0
        return result
    results = []
    for answers in executed.answers[exercise.id]:
        if exercise.id in restored.untouched:  # it is no failure that only an untouched stub would have the name
            for outputs in (answers.shown_outputs, answers.held_out_outputs):
                outputs[:] = [NOT_BEGUN if type(out) is Failure and out.kind == "Missing" else out for out in outputs]
        try:
            results.append(_judged(exercise, answers))
        except Exception as error:  # a fault of ours, that one answer has found: the others are judged all the same
            kind = type(error).__name__
            flags.append(f"{exercise.id}: what came back cannot be judged, for a fault in the grader: {kind}")
            results.append(_blank(exercise, "unjudged", "A person looks at this answer."))
    return max(reversed(results), key=lambda result: result.share)


def _judged(exercise: Exercise, answers: Answers) -> Result:
    """What a student may read is never of a held-out case, for they would learn what is asked."""
    whole = exercise.judge(answers.shown + answers.held_out, answers.shown_outputs + answers.held_out_outputs)
    result = _blank(exercise, whole.mistake, whole.idea)
    result.passed, share = whole.passed, whole.share
    if answers.held_out and not whole.passed and share:
        # Cases that a student can look up earn nothing by themselves.
        share = min(share, exercise.judge(answers.held_out, answers.held_out_outputs).share)
    result.share, result.score = round(share, 4), round(float(exercise.points) * share, 2)
    if whole.mistake == "not-begun":  # it tells of the cells of a notebook, which a page has not
        result.idea = NO_ANSWER
    elif not whole.passed:
        shown = exercise.judge(answers.shown, answers.shown_outputs) if answers.shown else None
        if shown is None or shown.passed:
            result.asked, result.expected = NOT_SHOWN, exercise.expects or "what the exercise asks for"
            result.came_back = "something else; the cases that are shown come out right"
        else:
            result.asked, result.came_back, result.expected = shown.asked, shown.came_back, shown.expected
    return result


def _blank(exercise: Exercise, mistake: str = "", idea: str = "") -> Result:
    points = float(exercise.points)
    return Result(exercise.title, points, exercise.kind, exercise.section, mistake=mistake, idea=idea)
