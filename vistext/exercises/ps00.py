"""Problem set 0, on lesson 00: what can be said about one picture?"""

import numpy as np

from vistext.exercises.exercise import exercise

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


def to_do(findings, *, states=("mend", "optional"), line="{subject}: {remedy}", arrange=list):
    """What is to be done, state by state; `arrange` orders what has the same state."""
    groups = [[line.format(**finding) for finding in findings if finding["state"] == state] for state in states]
    return [text for group in groups for text in arrange(group)]


def _findings(rng):
    cases = []
    for count in (5, 6, 7, 8, 9):
        # Among them one that is to be mended behind one that is optional, and two of each that are not in order of ABC.
        first = ["optional", "ready" if count > 5 else "optional", "mend", "optional", "mend"]
        states = [*first, *rng.choice(["ready", "mend", "optional"], count - 5)]
        if count == 7:  # and in one case the first and the last are to be mended
            states[0] = states[-1] = "mend"
        subjects = [str(subject) for subject in rng.permutation(SUBJECTS)[:count]]
        for one, other in ((0, 3), (2, 4)):
            subjects[one], subjects[other] = sorted((subjects[one], subjects[other]), reverse=True)
        cases.append({"findings": [_finding(*each, rng) for each in zip(subjects, states, strict=True)]})
    cases[-1]["findings"].append(cases[-1]["findings"][0])  # two machines, two folders: it may say the same twice
    states = rng.permutation(["ready", "ready", str(rng.choice(["mend", "optional"]))])
    return [*cases, {"findings": [_finding(*each, rng) for each in zip(SUBJECTS, states, strict=False)]}]


def _finding(subject, state, rng):
    # What is ready may have a remedy all the same: `vistext doctor --devices` for one.
    return {"subject": subject, "state": str(state), "remedy": str(rng.choice(REMEDIES))}


SHOWN = [
    {"subject": "Python", "state": "ready", "remedy": ""},
    {"subject": "CIFAR-10", "state": "optional", "remedy": "vistext data"},
    {"subject": "TensorFlow", "state": "mend", "remedy": "pip install vistext[cpu]"},
    {"subject": "devices", "state": "ready", "remedy": "vistext doctor --devices"},
    {"subject": "memory", "state": "mend", "remedy": "close other programs"},
]


def _article(tag):
    return f"{'an' if tag[0] in 'aeiou' else 'a'} {tag}"


def say(
    probabilities,
    *,
    article=_article,
    rank=-1,
    sure=lambda chance: chance >= 0.5,
    percent=lambda chance: f"{round(100 * chance)} %",
    alternative=" or {}",
):
    """A sentence about the tag that comes first if they are ordered by `rank` times their probability."""
    ranked = sorted(probabilities, key=lambda tag: rank * probabilities[tag])
    first, second = (f"{article(tag)} ({percent(probabilities[tag])})" for tag in ranked[:2])
    if sure(probabilities[ranked[0]]):
        return f"This is {first}."
    return f"This may be {first}{alternative.format(second)}."


def _probabilities(rng):
    tags = (
        (("airplane", "cat", 2), ("ostrich", "airplane", 0), ("umbrella", "bird", 1)),
        (("cat", "iguana", 2), ("automobile", "deer", 1), ("dog", "elephant", 3)),
        (("airplane", "frog", 1), ("deer", "owl", 2), ("igloo", "cat", 3)),
    )
    cases: list[dict] = []
    for triples, tops in zip(tags, (SURE, UNSURE, EVEN), strict=True):
        for (first, second, more), top, end in zip(triples, rng.permutation(tops), (0.004, 0.006, 0.004), strict=True):
            others = {str(tag): 0.001 for tag in rng.permutation(("horse", "truck", "oven", "ship"))[:more]}
            runner_up = 0.01 * int(rng.integers(20, 35)) + end if top < 0.6 else (1 - top) / 2
            # The likeliest is never the first that is given, and the one after it comes before it or behind.
            order = [(second, round(float(runner_up), 3)), (first, float(top))]
            cases.append({"probabilities": {**others, **dict(order[:: -1 if others and len(cases) % 2 else 1])}})
    return cases


def box_around(mask, *, take=(0, 1, 2, 3), add=(0, 0, 0, 0), nothing=None):
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return nothing
    box = [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
    return [int(box[place]) + more for place, more in zip(take, add, strict=True)]


def _first_and_last(mask):
    """From the first pixel that is met to the last, row by row."""
    pixels = np.argwhere(mask)
    return [*pixels[0].tolist(), *(pixels[-1] + 1).tolist()] if len(pixels) else None


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


def _share_right(sure, right, pictures):
    return right.mean()


def threshold(
    sure, right, wanted, *, named=np.greater_equal, share=_share_right, enough=np.greater_equal, step=1, never=None
):
    """The first threshold, from the least, at which the share of those named that are right is enough."""
    sure, right = np.array(sure), np.array(right)
    for least in np.unique(sure)[::step]:
        chosen = named(sure, least)
        if chosen.any() and enough(share(sure[chosen], right[chosen], len(sure)), wanted):
            return float(least)
    return never


def _from_the_top(sure, right, wanted):
    """The lowest before the share falls below what is wanted for the first time."""
    sure, right, found = np.array(sure), np.array(right), None
    for least in np.unique(sure)[::-1]:
        if right[sure >= least].mean() < wanted:
            break
        found = float(least)
    return found


def _certainties(rng):
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
        certainties, outcomes = [float(sure[place]) for place in order], [bool(right[place]) for place in order]
        cases.append({"sure": certainties, "right": outcomes, "wanted": wanted})
    return cases


TO_DO = exercise("ps00-1", "What is to be done", points=2).function(
    to_do,
    section=LESSON + "Is-my-machine-ready?",
    expects="a list of texts",
    shown=[{"findings": SHOWN}, {"findings": [SHOWN[0], SHOWN[3]]}],
    draw=_findings,
    mistakes={
        "as-they-come": (
            lambda findings: [line for finding in findings for line in to_do([finding])],
            "What must be mended comes before what is optional, wherever it was found.",
        ),
        "only-mend": ({"states": ["mend"]}, "What is optional is left out. It may wait, but it is to be listed."),
        "optional-first": ({"states": ["optional", "mend"]}, "The two groups have changed places."),
        "all-of-them": (
            {"states": ["mend", "optional", "ready"]},
            "What is ready is listed, too. A remedy beside it is no reason to do anything.",
        ),
        "in-order-of-abc": ({"arrange": sorted}, "Within a group the order of the doctor is kept; yours is sorted."),
        "subjects-only": ({"line": "{subject}"}, "That says what is amiss, and not what to do about it."),
        "remedies-only": ({"line": "{remedy}"}, "That says what to do, and not about what."),
        "from-the-end": ({"arrange": lambda group: group[::-1]}, "Each group is listed from its end."),
    },
)

NUMBERS = exercise("ps00-2", "How much of it is seen", points=1).value(
    "numbers",
    32 * 32 * 3,
    section=LESSON + "The-input,-and-a-heatmap",
    expects="one whole number",
    tolerance=1e-9,
    mistakes={
        "pixels": (32 * 32, "Those are the pixels. Of how many numbers is one made, in a picture with colours?"),
        "whole-picture": (4000 * 3000 * 3, "That is the whole photograph. The network gets less of it, and coarser."),
        "whole-pixels": (4000 * 3000, "Those are all pixels of the photograph. What happens to it before the network?"),
        "square": (3000 * 3000 * 3, "The square is cut out, but it is also made smaller."),
        "square-pixels": (3000 * 3000, "Those are the pixels of the square, at full size and without colours."),
        "four-colours": (32 * 32 * 4, "A fourth number, for how transparent a pixel is, never reaches the network."),
        "sides": ((32 + 32) * 3, "The two sides are added. How many pixels has a table of so many rows and columns?"),
        "squeezed": (32 * 24 * 3, "The picture is not squeezed: what does not fit into the middle square is cut off."),
    },
)

BOX_AROUND = exercise("ps00-3", "From a mask to a box", points=3).function(
    box_around,
    section=LESSON + "Where-is-it?",
    expects="a list of four whole numbers, or None",
    shown=[{"mask": CORNERS}, {"mask": np.zeros((3, 4), bool)}],
    draw=_masks,
    mistakes={
        "last-one-out": ({"add": (0, 0, -1, -1)}, "The last row and column with a pixel are in it. What ends a slice?"),
        "columns-first": ({"take": (1, 0, 3, 2)}, "Columns come first in yours. Which number does a slice take first?"),
        "sizes": (
            lambda mask: (box := box_around(mask)) and [*box[:2], box[2] - box[0], box[3] - box[1]],
            "The last two are how high and how wide it is. Where does it end?",
        ),
        "pairs": ({"take": (0, 2, 1, 3)}, "Rows are together, and so are columns. One corner comes first."),
        "one-too-wide": ({"add": (-1, -1, 1, 1)}, "There is a row and a column around it in which it has no pixel."),
        "first-and-last": (_first_and_last, "It goes from the first pixel to the last, by rows. Which is leftmost?"),
        "around-nothing": ({"nothing": [0, 0, 0, 0]}, "A mask without a pixel has a box in yours. Nothing has none."),
        "fails-on-nothing": (
            lambda mask: box_around(mask) or min([]),
            "It stops when there is nothing in the picture, and that is an ordinary picture.",
        ),
    },
)

SAY = exercise("ps00-4", "A sentence to mend", points=3).function(
    say,
    section=LESSON + "From-a-tag-to-a-sentence",
    expects="a sentence",
    shown=[
        {"probabilities": {"dog": 0.046, "cat": 0.954}},
        {"probabilities": {"cat": 0.256, "ship": 0.396, "airplane": 0.348}},
    ],
    draw=_probabilities,
    mistakes={
        "as-given": ({"rank": 0}, "It takes the tag that is given first. Which one is the likeliest?"),
        "least-likely": ({"rank": 1}, "It begins with what the network finds least likely."),
        "one-article": ({"article": "a {}".format}, "Read it aloud: before a vowel stands another article."),
        "cut": ({"percent": lambda chance: f"{int(100 * chance)} %"}, "The percentages are cut, not rounded."),
        "fractions": ({"percent": "{} %".format}, "A number between 0 and 1 is no percentage."),
        "always-sure": ({"sure": lambda p: True}, "It never says that it may be wrong."),
        "never-sure": ({"sure": lambda p: False}, "Even where it is sure, it says that it may be something else."),
        "other-way-round": ({"sure": lambda p: p < 0.5}, "It is sure where it should not be, and the other way round."),
        "even-is-not-enough": ({"sure": lambda p: p > 0.5}, "Just even counts as sure; here it does not."),
        "one-only": ({"alternative": ""}, "Where it is unsure, the second tag is to be named as well."),
    },
)

THRESHOLD = exercise("ps00-5", "When to say nothing", points=4).function(
    threshold,
    section=LESSON + "What-goes-wrong",
    expects="one of the numbers in sure, or None",
    shown=[
        {"sure": [0.9, 0.8, 0.7, 0.6], "right": [True, False, True, False], "wanted": 0.6},
        {"sure": [0.5, 0.9], "right": [True, False], "wanted": 0.8},
        {"sure": [0.4, 0.8], "right": [True, True], "wanted": 0.9},
    ],
    draw=_certainties,
    mistakes={
        "from-the-top": (_from_the_top, "It gives up at the first threshold that fails. A lower one may do again."),
        "highest": ({"step": -1}, "That keeps it silent more often than it must be: a lower threshold will do, too."),
        "above-only": ({"named": np.greater}, "Who is just as sure as the threshold speaks, too."),
        "of-all": (
            {"share": lambda sure, right, pictures: right.sum() / pictures},
            "The share is of the pictures that it speaks about, not of all.",
        ),
        "more-than-wanted": ({"enough": np.greater}, "A share that is just what was wanted is enough."),
        "by-how-sure": (
            {"share": lambda sure, right, pictures: sure.mean()},
            "How sure it was says nothing about whether it was right. What does?",
        ),
        "wanted-itself": (
            {"share": lambda sure, right, pictures: sure.min()},
            "It takes the share that is wanted for the threshold. They are as different as promise and result.",
        ),
        "silent-as-one": ({"never": 1.0}, "If no threshold will do, say so: a number would be taken for one."),
    },
)

QUESTION = exercise("ps00-6", "A question of your own", points=2).by_hand(LESSON + "A-map-of-the-course")

EXERCISES = (TO_DO, NUMBERS, BOX_AROUND, SAY, THRESHOLD, QUESTION)
