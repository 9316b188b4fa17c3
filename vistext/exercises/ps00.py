"""Problem set 0, on lesson 00: what can be said about one picture?"""

import numpy as np

from vistext.exercises.exercise import exercise, vary

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


def _of(findings, states):
    return [_line(finding) for state in states for finding in findings if finding["state"] == state]


def _as_they_come(findings):
    return [_line(finding) for finding in findings if finding["state"] != "ready"]


def to_do(findings):
    return _of(findings, ("mend", "optional"))


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


def say(probabilities, *, article=_article, rank=None, sure=lambda chance: chance >= 0.5, percent=None, one_only=False):
    percent = percent or (lambda chance: f"{round(100 * chance)} %")
    ranked = sorted(probabilities, key=rank or (lambda tag: -probabilities[tag]))
    first, second = ((f"{article(tag)} ({percent(probabilities[tag])})") for tag in ranked[:2])
    if sure(probabilities[ranked[0]]):
        return f"This is {first}."
    return f"This may be {first}." if one_only else f"This may be {first} or {second}."


def _with(**changes):
    return lambda probabilities: say(probabilities, **changes)


def _least_likely(probabilities):
    return say(probabilities, rank=lambda tag: probabilities[tag])


def _as_given(probabilities):
    return say(probabilities, rank=lambda tag: 0)


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


def box_around(mask):
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return None
    return [int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1]


def _changed(change):
    """What `change` makes of a right box; there is still none around nothing."""

    def does(mask):
        box = box_around(mask)
        return None if box is None else change(*box)

    return does


def _around_nothing(mask):
    return [0, 0, 0, 0] if box_around(mask) is None else box_around(mask)


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


def threshold(sure, right, wanted):
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
    found = threshold(sure, right, wanted)
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


TO_DO = exercise("ps00-1", "What is to be done", points=2, difficulty="warm-up", minutes=10).function(
    to_do,
    aim="see whether your machine is ready for the course, and what to do if it is not",
    section=LESSON + "Is-my-machine-ready?",
    expects="a list of texts",
    shown=[
        {"findings": list(WHOLE)},
        {"findings": [WHOLE[0], WHOLE[3]]},
    ],
    draw=_examinations,
    mistakes={
        "as-they-come": (_as_they_come, "What must be mended comes before what is optional, wherever it was found."),
        "only-mend": (
            vary(_of, states=("mend",)),
            "What is optional is left out. It may wait, but it is to be listed.",
        ),
        "optional-first": (
            vary(
                _of,
                states=(
                    "optional",
                    "mend",
                ),
            ),
            "The two groups have changed places.",
        ),
        "all-of-them": (
            vary(
                _of,
                states=(
                    "mend",
                    "optional",
                    "ready",
                ),
            ),
            "What is ready stands in the list, too. A remedy beside it is no reason to do anything.",
        ),
        "in-order-of-abc": (
            lambda findings: sorted(_of(findings, ["mend"])) + sorted(_of(findings, ["optional"])),
            "Within a group the order of the doctor is kept; yours is sorted.",
        ),
        "subjects-only": (_only("subject"), "That says what is amiss, and not what to do about it."),
        "remedies-only": (_only("remedy"), "That says what to do, and not about what."),
        "from-the-end": (
            lambda findings: _of(findings, ["mend"])[::-1] + _of(findings, ["optional"])[::-1],
            "Each group is listed from its end.",
        ),
    },
)

NUMBERS = exercise("ps00-2", "How much of it is seen", points=1, difficulty="easy", minutes=5).value(
    "numbers",
    32 * 32 * 3,
    aim="take any picture of your own through the tour, here and on the command line",
    section=LESSON + "What-did-it-see,-and-where-did-it-look?",
    expects="one whole number",
    tolerance=1e-9,
    mistakes={
        "pixels": (32 * 32, "Those are the pixels. Of how many numbers is one made, in a picture with colours?"),
        "whole-picture": (4000 * 3000 * 3, "That is the whole photograph. The network gets less of it, and coarser."),
        "whole-pixels": (
            4000 * 3000,
            "Those are all pixels of the photograph. What happens to it before the network sees it?",
        ),
        "square": (3000 * 3000 * 3, "The square is cut out, but it is also made smaller."),
        "square-pixels": (3000 * 3000, "Those are the pixels of the square, at full size and without colours."),
        "four-colours": (32 * 32 * 4, "A fourth number, for how transparent a pixel is, never reaches the network."),
        "sides": ((32 + 32) * 3, "The two sides are added. How many pixels has a table of so many rows and columns?"),
        "squeezed": (32 * 24 * 3, "The picture is not squeezed: what does not fit into the middle square is cut off."),
    },
)

BOX_AROUND = exercise("ps00-3", "From a mask to a box", points=3, difficulty="medium", minutes=15).function(
    box_around,
    aim=READING,
    section=LESSON + "Where-is-it?",
    expects="a list of four whole numbers, or None",
    shown=[
        {"mask": CORNERS},
        {"mask": np.zeros((3, 4), bool)},
    ],
    draw=_masks,
    mistakes={
        "last-one-out": (
            _changed(lambda top, left, bottom, right: [top, left, bottom - 1, right - 1]),
            "The last row and column with a pixel stand in it. In a slice, the end is the first that is out.",
        ),
        "columns-first": (
            _changed(lambda top, left, bottom, right: [left, top, right, bottom]),
            "Columns come first in yours. Which number does a slice of an array take first?",
        ),
        "sizes": (
            _changed(lambda top, left, bottom, right: [top, left, bottom - top, right - left]),
            "The last two are how high and how wide it is. Where does it end?",
        ),
        "pairs": (
            _changed(lambda top, left, bottom, right: [top, bottom, left, right]),
            "Rows are together, and columns are together. First comes one corner, then the other.",
        ),
        "one-too-wide": (
            _changed(lambda top, left, bottom, right: [top - 1, left - 1, bottom + 1, right + 1]),
            "There is a row and a column around it in which it has no pixel.",
        ),
        "first-and-last": (
            _first_and_last,
            "It goes from the first pixel to the last, read row by row. Which pixel is leftmost?",
        ),
        "around-nothing": (_around_nothing, "A mask without a pixel has a box in yours. Of nothing there is none."),
        "fails-on-nothing": (
            _fails_on_nothing,
            "It stops when there is nothing in the picture, and that is an ordinary picture.",
        ),
    },
)

SAY = exercise("ps00-4", "A sentence to mend", points=3, difficulty="medium", minutes=15).function(
    say,
    aim=READING,
    section=LESSON + "From-a-tag-to-a-sentence",
    expects="a sentence",
    shown=[
        {"probabilities": {"dog": 0.046, "cat": 0.954}},
        {"probabilities": {"cat": 0.256, "ship": 0.396, "airplane": 0.348}},
    ],
    draw=_answers,
    mistakes={
        "as-given": (_as_given, "It takes the tag that is given first. Which one is the likeliest?"),
        "least-likely": (_least_likely, "It begins with what the network finds least likely."),
        "one-article": (_with(article=lambda tag: f"a {tag}"), "Read it aloud: before a vowel stands another article."),
        "cut": (_with(percent=lambda chance: f"{int(100 * chance)} %"), "The percentages are cut, not rounded."),
        "fractions": (_with(percent=lambda chance: f"{chance} %"), "A number between 0 and 1 is no percentage."),
        "always-sure": (_with(sure=lambda chance: True), "It never says that it may be wrong."),
        "never-sure": (
            _with(sure=lambda chance: False),
            "Even where it is sure, it says that it may be something else.",
        ),
        "other-way-round": (
            _with(sure=lambda chance: chance < 0.5),
            "It is sure where it should not be, and unsure where it may be sure.",
        ),
        "even-is-not-enough": (
            _with(sure=lambda chance: chance > 0.5),
            "Just even counts as sure, and here it does not.",
        ),
        "one-only": (_with(one_only=True), "Where it is unsure, the second tag is to be named as well."),
    },
)

THRESHOLD = exercise("ps00-5", "When to say nothing", points=4, difficulty="stretch", minutes=25).function(
    threshold,
    aim=READING,
    section=LESSON + "What-goes-wrong",
    expects="one of the numbers in sure, or None",
    shown=[
        {"sure": [0.9, 0.8, 0.7, 0.6], "right": [True, False, True, False], "wanted": 0.6},
        {"sure": [0.5, 0.9], "right": [True, False], "wanted": 0.8},
        {"sure": [0.4, 0.8], "right": [True, True], "wanted": 0.9},
    ],
    draw=_judged,
    mistakes={
        "from-the-top": (_from_the_top, "It gives up at the first threshold that fails. A lower one may do again."),
        "highest": (_highest, "That keeps it silent more often than it must be: a lower threshold will do, too."),
        "above-only": (_above_only, "Who is just as sure as the threshold speaks, too."),
        "of-all": (_of_all, "The share is of the pictures that it speaks about, not of all."),
        "more-than-wanted": (_more_than_wanted, "A share that is just what was wanted is enough."),
        "by-how-sure": (_by_how_sure, "How sure it was says nothing about whether it was right. What does?"),
        "wanted-itself": (
            _wanted_itself,
            "It takes the share that is wanted for the threshold. They are as different as promise and result.",
        ),
        "silent-as-one": (_silent_as_one, "If no threshold will do, say so: a number would be taken for one."),
    },
)

QUESTION = exercise("ps00-6", "A question of your own", points=2, difficulty="easy", minutes=10).by_hand(
    aim="find the lesson that answers your question", section=LESSON + "A-map-of-the-course"
)

EXERCISES = (TO_DO, NUMBERS, BOX_AROUND, SAY, THRESHOLD, QUESTION)
