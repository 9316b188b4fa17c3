"""Problem set 0, on lesson 00: what can be said about one picture?"""

import numpy as np

from vistext.exercises.exercise import Exercise, Misconception, value_misconception

LESSON = "00_tour.ipynb#"
READING = (
    "say what a tag, a box, a mask, a description, an answer and a frame are, what a tag's probability means, and what "
    "a tagger cannot say"
)
SUBJECTS = ("Python", "TensorFlow", "Keras", "NumPy", "JupyterLab", "memory", "weights", "CIFAR-10", "devices")
REMEDIES = ("install it", "upgrade it", "close other programs", "download it", "set a folder", "make it again")
# Of likeliest tags: most are cut to another percentage than they are rounded to, all are another one of 99 or of 101,
# and one is rounded to a half without being one.
SURE, UNSURE, EVEN = (0.574, 0.867, 0.956), (0.374, 0.456, 0.496), (0.5, 0.5, 0.5)


def _line(finding):
    return f"{finding['subject']}: {finding['remedy']}"


def _of(findings, *states):
    return [_line(finding) for state in states for finding in findings if finding["state"] == state]


def _as_they_come(findings):
    return [_line(finding) for finding in findings if finding["state"] != "ready"]


def _to_do(findings):
    return _of(findings, "mend", "optional")


def _only(name):
    def does(findings):
        chosen = [one for state in ("mend", "optional") for one in findings if one["state"] == state]
        return [one[name] for one in chosen]

    return does


def _examinations(rng):
    cases = []
    for count in (5, 6, 7, 8, 9):
        # Among them one that is to be mended behind one that is optional, and two of each that are not in order of ABC.
        states = [
            "optional",
            "ready" if count > 5 else "optional",
            "mend",
            "optional",
            "mend",
            *rng.choice(["ready", "mend", "optional"], count - 5),
        ]
        if count == 7:  # and in one case the first and the last are to be mended
            states[0] = states[-1] = "mend"
        subjects = [str(one) for one in rng.permutation(SUBJECTS)[:count]]
        for first, second in ((0, 3), (2, 4)):
            subjects[first], subjects[second] = sorted((subjects[first], subjects[second]), reverse=True)
        cases.append({"findings": [_finding(*one, rng) for one in zip(subjects, states, strict=True)]})
    cases[-1]["findings"].append(cases[-1]["findings"][0])  # two machines, two folders: it may say the same twice
    lone = rng.permutation(["ready", "ready", str(rng.choice(["mend", "optional"]))])
    cases.append({"findings": [_finding(*one, rng) for one in zip(SUBJECTS, lone, strict=False)]})
    return cases


def _finding(subject, state, rng):
    # What is ready may have a remedy all the same: `vistext doctor --devices` for one.
    return {"subject": subject, "state": str(state), "remedy": str(rng.choice(REMEDIES))}


FINDINGS = (
    ("Python", "ready", ""),
    ("CIFAR-10", "optional", "vistext data"),
    ("TensorFlow", "mend", "pip install vistext[cpu]"),
    ("devices", "ready", "vistext doctor --devices"),
    ("memory", "mend", "close other programs"),
)
WHOLE = tuple({"subject": one, "state": state, "remedy": remedy} for one, state, remedy in FINDINGS)


def _article(tag):
    return f"{'an' if tag[0] in 'aeiou' else 'a'} {tag}"


def _say(
    probabilities, *, article=_article, rank=None, sure=lambda chance: chance >= 0.5, percent=None, one_only=False
):
    percent = percent or (lambda chance: f"{round(100 * chance)} %")
    ranked = sorted(probabilities, key=rank or (lambda tag: -probabilities[tag]))
    first, second = ((f"{article(tag)} ({percent(probabilities[tag])})") for tag in ranked[:2])
    if sure(probabilities[ranked[0]]):
        return f"This is {first}."
    return f"This may be {first}." if one_only else f"This may be {first} or {second}."


def _with(**changes):
    return lambda probabilities: _say(probabilities, **changes)


def _least_likely(probabilities):
    return _say(probabilities, rank=lambda tag: probabilities[tag])


def _as_given(probabilities):
    return _say(probabilities, rank=lambda tag: 0)


def _answers(rng):
    pairs = (
        (("airplane", "cat", 2), ("ostrich", "airplane", 0), ("umbrella", "bird", 1)),
        (("cat", "iguana", 2), ("automobile", "deer", 1), ("dog", "elephant", 3)),
        (("airplane", "frog", 1), ("deer", "owl", 2), ("igloo", "cat", 3)),
    )
    cases = []
    for tags, tops in zip(pairs, (SURE, UNSURE, EVEN), strict=True):
        for (first, second, more), top, end in zip(tags, rng.permutation(tops), (0.004, 0.006, 0.004), strict=True):
            others = {str(one): 0.001 for one in rng.permutation(("horse", "truck", "oven", "ship"))[:more]}
            next_one = 0.01 * int(rng.integers(20, 35)) + end if top < 0.6 else (1 - top) / 2
            # The likeliest is never the first that is given, and the one after it comes before it or behind.
            order = [(second, round(float(next_one), 3)), (first, float(top))]
            cases.append({"probabilities": {**others, **dict(order[:: -1 if others and len(cases) % 2 else 1])}})
    return cases


def _box(mask):
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return None
    return [int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1]


def _changed(change):
    """What `change` makes of a right box; there is still none around nothing."""

    def does(mask):
        box = _box(mask)
        return None if box is None else change(*box)

    return does


def _around_nothing(mask):
    return [0, 0, 0, 0] if _box(mask) is None else _box(mask)


def _fails_on_nothing(mask):
    rows, columns = np.nonzero(mask)
    return [int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1]


def _first_and_last(mask):
    """From the first pixel that is met to the last, row by row."""
    rows, columns = np.nonzero(mask)
    return None if not len(rows) else [int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1]


def _masks(rng):
    cases = [{"mask": np.zeros(rng.integers(4, 30, 2), bool)} for _ in range(3)]
    for place in ("inside", "first", "last", "diagonal"):
        high = int(rng.integers(3, 5))
        wide = high if place == "diagonal" else high + int(rng.integers(2, 4))
        rows, columns = high + int(rng.integers(4, 7)), wide + int(rng.integers(9, 12))
        top, left = {
            "inside": (int(rng.integers(1, 3)), int(rng.integers(7, 9))),
            "first": (0, 0),
            "last": (rows - high, columns - wide),
            "diagonal": (2, 2),
        }[place]
        mask = np.zeros((rows, columns), bool)
        # A diamond: its first pixel is not its leftmost, its last not its rightmost.
        mask[top + 1 : top + high - 1, left : left + wide] = True
        mask[[top, top + high - 1], left + wide // 2] = True
        cases.append({"mask": mask})
    apart, lone = (np.zeros((int(rng.integers(7, 12)), int(rng.integers(12, 16))), bool) for _ in range(2))
    apart[1:3, 8 : 8 + int(rng.integers(2, 4))] = apart[5 : 5 + int(rng.integers(1, 3)), 2:4] = True
    lone[int(rng.integers(2, 5)), int(rng.integers(5, 9))] = True
    return [*cases, {"mask": apart}, {"mask": lone}]


CORNERS = np.array([[0, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0]], bool)


def _shares(sure, right):
    """For each threshold that can be chosen, from the least: it, and the share of those named that are right."""
    sure, right = np.array(sure), np.array(right)
    return [(float(one), right[sure >= one].mean()) for one in np.unique(sure)]


def _threshold(sure, right, wanted):
    return next((one for one, share in _shares(sure, right) if share >= wanted), None)


def _from_the_top(sure, right, wanted):
    """The lowest before the share falls below what is wanted for the first time."""
    found = None
    for one, share in reversed(_shares(sure, right)):
        if share < wanted:
            break
        found = one
    return found


def _highest(sure, right, wanted):
    return next((one for one, share in reversed(_shares(sure, right)) if share >= wanted), None)


def _above_only(sure, right, wanted):
    sure, right = np.array(sure), np.array(right)
    for one in np.unique(sure):
        if (sure > one).any() and right[sure > one].mean() >= wanted:
            return float(one)
    return None


def _of_all(sure, right, wanted):
    sure, right = np.array(sure), np.array(right)
    return next((float(one) for one in np.unique(sure) if right[sure >= one].sum() / len(right) >= wanted), None)


def _more_than_wanted(sure, right, wanted):
    return next((one for one, share in _shares(sure, right) if share > wanted), None)


def _by_how_sure(sure, right, wanted):
    sure = np.array(sure)
    return next((float(one) for one in np.unique(sure) if sure[sure >= one].mean() >= wanted), None)


def _wanted_itself(sure, right, wanted):
    return next((one for one in sorted(sure) if one >= wanted), None)


def _silent_as_one(sure, right, wanted):
    found = _threshold(sure, right, wanted)
    return 1.0 if found is None else found


def _judged(rng):
    # From the surest down. The share that is right falls below what is wanted, and comes back to just that.
    patterns = (
        ([1, 1, 1, 0, 1, 1, 1, 0, 0, 0], 0.75),
        ([1, 1, 0, 1, 1, 1, 0, 1, 0, 0, 0], 0.75),
        ([1, 0, 1, 1, 1, 0, 1, 0, 0, 0], 0.625),
        ([1, 1, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0], 0.75),
        ([1, 0, 1, 1], 0.75),  # the lowest of all
        ([1, 0, 0, 0, 0, 1, 0], 0.75),  # the highest of all alone
        ([1], 0.75),
        ([0], 0.5),  # never, and so for the rest
        ([0, 1, 0, 1, 0, 0], 0.9),
        ([0, 1, 1, 0, 0, 1, 0], 0.75),
        ([0, 0, 1, 0, 1], 0.625),
    )
    cases = []
    for right, wanted in patterns:
        sure = np.sort(rng.choice(np.arange(30, 99), len(right), replace=False))[::-1] / 100
        # The surest is given first, the next one last, and the rest as it comes.
        order = [*range(len(right))[:1], *(2 + rng.permutation(max(0, len(right) - 2))), *range(len(right))[1:2]]
        cases.append(
            {
                "sure": [float(sure[place]) for place in order],
                "right": [bool(right[place]) for place in order],
                "wanted": wanted,
            }
        )
    return cases


EXERCISES = (
    Exercise(
        id="ps00-1",
        title="What is to be done",
        points=2,
        kind="function",
        answer="to_do",
        aim="see whether your machine is ready for the course, and what to do if it is not",
        section=LESSON + "Is-my-machine-ready?",
        difficulty="warm-up",
        minutes=10,
        expects="a list of texts",
        solve=_to_do,
        shown=({"findings": list(WHOLE)}, {"findings": [WHOLE[0], WHOLE[3]]}),
        draw=_examinations,
        mistakes=(
            Misconception(
                "as-they-come",
                "What must be mended comes before what is optional, wherever it was found.",
                _as_they_come,
            ),
            Misconception(
                "only-mend",
                "What is optional is left out. It may wait, but it is to be listed.",
                lambda findings: _of(findings, "mend"),
            ),
            Misconception(
                "optional-first",
                "The two groups have changed places.",
                lambda findings: _of(findings, "optional", "mend"),
            ),
            Misconception(
                "all-of-them",
                "What is ready stands in the list, too. A remedy beside it is no reason to do anything.",
                lambda findings: _of(findings, "mend", "optional", "ready"),
            ),
            Misconception(
                "in-order-of-abc",
                "Within a group the order of the doctor is kept; yours is sorted.",
                lambda findings: sorted(_of(findings, "mend")) + sorted(_of(findings, "optional")),
            ),
            Misconception("subjects-only", "That says what is amiss, and not what to do about it.", _only("subject")),
            Misconception("remedies-only", "That says what to do, and not about what.", _only("remedy")),
            Misconception(
                "from-the-end",
                "Each group is listed from its end.",
                lambda findings: _of(findings, "mend")[::-1] + _of(findings, "optional")[::-1],
            ),
        ),
    ),
    Exercise(
        id="ps00-2",
        title="How much of it is seen",
        points=1,
        kind="value",
        answer="numbers",
        aim="take any picture of your own through the tour, here and on the command line",
        section=LESSON + "What-did-it-see,-and-where-did-it-look?",
        difficulty="easy",
        minutes=5,
        expects="one whole number",
        solve=lambda: 32 * 32 * 3,
        mistakes=(
            value_misconception(
                "pixels", "Those are the pixels. Of how many numbers is one made, in a picture with colours?", 32 * 32
            ),
            value_misconception(
                "whole-picture",
                "That is the whole photograph. The network gets less of it, and coarser.",
                4000 * 3000 * 3,
            ),
            value_misconception(
                "whole-pixels",
                "Those are all pixels of the photograph. What happens to it before the network sees it?",
                4000 * 3000,
            ),
            value_misconception("square", "The square is cut out, but it is also made smaller.", 3000 * 3000 * 3),
            value_misconception(
                "square-pixels", "Those are the pixels of the square, at full size and without colours.", 3000 * 3000
            ),
            value_misconception(
                "four-colours",
                "A fourth number, for how transparent a pixel is, never reaches the network.",
                32 * 32 * 4,
            ),
            value_misconception(
                "sides",
                "The two sides are added. How many pixels has a table of so many rows and columns?",
                (32 + 32) * 3,
            ),
            value_misconception(
                "squeezed",
                "The picture is not squeezed: what does not fit into the middle square is cut off.",
                32 * 24 * 3,
            ),
        ),
        tolerance=1e-9,
    ),
    Exercise(
        id="ps00-3",
        title="From a mask to a box",
        points=3,
        kind="function",
        answer="box_around",
        aim=READING,
        section=LESSON + "Where-is-it?",
        difficulty="medium",
        minutes=15,
        expects="a list of four whole numbers, or None",
        solve=_box,
        shown=({"mask": CORNERS}, {"mask": np.zeros((3, 4), bool)}),
        draw=_masks,
        mistakes=(
            Misconception(
                "last-one-out",
                "The last row and column with a pixel stand in it. In a slice, the end is the first that is out.",
                _changed(lambda top, left, bottom, right: [top, left, bottom - 1, right - 1]),
            ),
            Misconception(
                "columns-first",
                "Columns come first in yours. Which number does a slice of an array take first?",
                _changed(lambda top, left, bottom, right: [left, top, right, bottom]),
            ),
            Misconception(
                "sizes",
                "The last two are how high and how wide it is. Where does it end?",
                _changed(lambda top, left, bottom, right: [top, left, bottom - top, right - left]),
            ),
            Misconception(
                "pairs",
                "Rows are together, and columns are together. First comes one corner, then the other.",
                _changed(lambda top, left, bottom, right: [top, bottom, left, right]),
            ),
            Misconception(
                "one-too-wide",
                "There is a row and a column around it in which it has no pixel.",
                _changed(lambda top, left, bottom, right: [top - 1, left - 1, bottom + 1, right + 1]),
            ),
            Misconception(
                "first-and-last",
                "It goes from the first pixel to the last, read row by row. Which pixel is leftmost?",
                _first_and_last,
            ),
            Misconception(
                "around-nothing",
                "A mask without a pixel has a box in yours. Of nothing there is none.",
                _around_nothing,
            ),
            Misconception(
                "fails-on-nothing",
                "It stops when there is nothing in the picture, and that is an ordinary picture.",
                _fails_on_nothing,
            ),
        ),
    ),
    Exercise(
        id="ps00-4",
        title="A sentence to mend",
        points=3,
        kind="function",
        answer="say",
        aim=READING,
        section=LESSON + "From-a-tag-to-a-sentence",
        difficulty="medium",
        minutes=15,
        expects="a sentence",
        solve=_say,
        shown=(
            {"probabilities": {"dog": 0.046, "cat": 0.954}},
            {"probabilities": {"cat": 0.256, "ship": 0.396, "airplane": 0.348}},
        ),
        draw=_answers,
        mistakes=(
            Misconception("as-given", "It takes the tag that is given first. Which one is the likeliest?", _as_given),
            Misconception("least-likely", "It begins with what the network finds least likely.", _least_likely),
            Misconception(
                "one-article",
                "Read it aloud: before a vowel stands another article.",
                _with(article=lambda tag: f"a {tag}"),
            ),
            Misconception(
                "cut", "The percentages are cut, not rounded.", _with(percent=lambda chance: f"{int(100 * chance)} %")
            ),
            Misconception(
                "fractions", "A number between 0 and 1 is no percentage.", _with(percent=lambda chance: f"{chance} %")
            ),
            Misconception("always-sure", "It never says that it may be wrong.", _with(sure=lambda chance: True)),
            Misconception(
                "never-sure",
                "Even where it is sure, it says that it may be something else.",
                _with(sure=lambda chance: False),
            ),
            Misconception(
                "other-way-round",
                "It is sure where it should not be, and unsure where it may be sure.",
                _with(sure=lambda chance: chance < 0.5),
            ),
            Misconception(
                "even-is-not-enough",
                "Just even counts as sure, and here it does not.",
                _with(sure=lambda chance: chance > 0.5),
            ),
            Misconception(
                "one-only", "Where it is unsure, the second tag is to be named as well.", _with(one_only=True)
            ),
        ),
    ),
    Exercise(
        id="ps00-5",
        title="When to say nothing",
        points=4,
        kind="function",
        answer="threshold",
        aim=READING,
        section=LESSON + "What-goes-wrong",
        difficulty="stretch",
        minutes=25,
        expects="one of the numbers in sure, or None",
        solve=_threshold,
        shown=(
            {"sure": [0.9, 0.8, 0.7, 0.6], "right": [True, False, True, False], "wanted": 0.6},
            {"sure": [0.5, 0.9], "right": [True, False], "wanted": 0.8},
            {"sure": [0.4, 0.8], "right": [True, True], "wanted": 0.9},
        ),
        draw=_judged,
        mistakes=(
            Misconception(
                "from-the-top",
                "It gives up at the first threshold that fails. A lower one may do again.",
                _from_the_top,
            ),
            Misconception(
                "highest", "That keeps it silent more often than it must be: a lower threshold will do, too.", _highest
            ),
            Misconception("above-only", "Who is just as sure as the threshold speaks, too.", _above_only),
            Misconception("of-all", "The share is of the pictures that it speaks about, not of all.", _of_all),
            Misconception("more-than-wanted", "A share that is just what was wanted is enough.", _more_than_wanted),
            Misconception(
                "by-how-sure", "How sure it was says nothing about whether it was right. What does?", _by_how_sure
            ),
            Misconception(
                "wanted-itself",
                "It takes the share that is wanted for the threshold. They are as different as promise and result.",
                _wanted_itself,
            ),
            Misconception(
                "silent-as-one", "If no threshold will do, say so: a number would be taken for one.", _silent_as_one
            ),
        ),
    ),
    Exercise(
        id="ps00-6",
        title="A question of your own",
        points=2,
        kind="by hand",
        answer="",
        aim="find the lesson that answers your question",
        section=LESSON + "A-map-of-the-course",
        difficulty="easy",
        minutes=10,
    ),
)
