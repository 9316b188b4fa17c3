"""Problem set 7, on lesson 07: verbs, roles and frames."""

from functools import partial

import numpy as np

from vistext.exercises.exercise import discriminating, exercise, vary

LESSON = "07_roles.ipynb#"


def _share(right):
    return sum(right) / len(right)


def score(found, true, *, needs_verb=True, value=_share, whole=all, of=None, same=None):
    """Verb, value and value-all; `of` says whose roles are gone through, `same` whether one of these is right."""
    (verb, filled), (true_verb, true_roles) = found, true
    table, truth = dict(filled), dict(true_roles)
    same = same or (lambda number, role, noun: table.get(role) == truth.get(role) == noun)
    roles = true_roles if of is None else of(filled)
    right = [same(number, role, noun) for number, (role, noun) in enumerate(roles)]
    hit = float(verb == true_verb)
    counts = hit if needs_verb else 1.0
    return [hit, counts * value(right), counts * float(whole(right))]


def _by_place(found, true):
    filled = found[1]
    return score(found, true, same=lambda number, role, noun: number < len(filled) and filled[number][1] == noun)


def _anywhere(found, true):
    nouns = [noun for _, noun in found[1]]
    return score(found, true, same=lambda number, role, noun: noun in nouns)


def _stops_at_a_gap(found, true):
    table = dict(found[1])
    return score(found, true, same=lambda number, role, noun: table[role] == noun)


def _verb_as_a_role(found, true):
    hit, value, whole = score(found, true)
    return [hit, (hit + value * len(true[1])) / (1 + len(true[1])), whole]


def _mixed(rng, items):
    return [items[place] for place in rng.permutation(len(items))]


def _no_more(found, true):
    hit, value, whole = score(found, true)
    return [hit, value, whole * float(len(found[1]) == len(true[1]))]


def _frames(rng):
    cases = []
    for number in range(12):
        verb = str(rng.choice(["run", "sail", "stand"]))
        before, behind = str(rng.choice(["fly", "jump"])), str(rng.choice(["turn", "walk"]))  # in the alphabet
        agent, item = (("agent", str(rng.choice(["cat", "dog", "horse"]))), ("item", str(rng.choice(["box", "tree"]))))
        way, place = ("direction", str(rng.choice(["left", "right"]))), ("place", str(rng.choice(["grass", "road"])))
        wrong = ("agent", "ant" if number % 2 else "zebra")
        more, elsewhere = ("tool", "stick"), ("act" if number % 2 else "tool", agent[1])  # a right noun in another role
        found, true = (
            ((before, [agent, way, place]), [agent, way, place]),
            ((behind, [place, agent]), [place, agent]),
            ((before, [wrong, way]), [agent, way, place]),
            ((behind, [item, agent, more]), [agent, item, way, place]),
            ((verb, [place, wrong, elsewhere, item]), [agent, way, place]),
            ((verb, [wrong, elsewhere, item]), [agent, item, way, place]),
            ((verb, [elsewhere, place]), [agent, way, place]),
            ((verb, [way, elsewhere, wrong, more]), [agent, way, place]),
            ((verb, [agent, more]), [agent]),
            ((verb, [item, more, way, agent]), [agent, item, way]),
            ((verb, [place, way, agent, more]), [agent, way, place]),
            ((verb, [more, place, item, way, agent]), [agent, item, way, place]),
        )[number]
        cases.append({"found": found, "true": (verb, true)})
    return _mixed(rng, cases)


_FORMS = {
    "sit": "sitting",
    "run": "running",
    "fly": "flying",
    "lie": "lying",
    "park": "parked",
    "tie": "tied",
    "tow": "towed",
    "pull": "pulled",
}
_PREPOSITIONS = {"grass": "on", "road": "on", "water": "on", "sky": "in", "box": "in", "quay": "at"}
_THINGS = {
    "a": ("animal", "ant", "antelope", "ambulance", "ark"),
    "e": ("elk", "eel", "emu", "eagle", "engine"),
    "i": ("ibis", "ibex", "insect", "iguana", "ice cart"),
    "o": ("ostrich", "owl", "otter", "ocean liner", "omnibus"),
    "u": ("urchin", "umpire", "uncle", "usher", "umbrella"),
    "": ("cat", "dog", "horse", "truck", "yacht", "pedal car", "tug", "sheep"),
}


def tell(
    verb,
    roles,
    words,
    prepositions,
    *,
    article=lambda noun: "an" if noun[0] in "aeiou" else "a",
    doer=("agent", "item"),
    way="to the {}",
    order=("direction", "place"),
    upper=str.capitalize,
    end=".",
    is_=" is ",
):
    """A frame as a sentence, in the way that is right or in one that is not."""
    table = dict(roles)
    who = table[next((role for role in doer if role in table), doer[0])]
    parts = {
        "direction": way.format(table["direction"]) if "direction" in table else "",
        "place": f"{prepositions[table['place']]} the {table['place']}" if "place" in table else "",
    }
    said = [upper(f"{article(who)} {who}") + is_ + words[verb], *(parts[role] for role in order)]
    return " ".join(part for part in said if part) + end


def _worded(rng):
    cases = []
    for verb, doer, begin, order, place in (  # orders of place, direction, and who it is
        ("run", "agent", "a", "pdw", "grass"),
        ("sit", "agent", "e", "pw", "box"),
        ("fly", "agent", "", "wdp", "sky"),
        ("park", "item", "o", "wp", "road"),
        ("tow", "item", "u", "dpw", "quay"),
        ("lie", "agent", "i", "w", ""),
        ("tie", "item", "", "pw", "quay"),
        ("pull", "item", "", "wd", ""),
    ):
        way = ("direction", str(rng.choice(["left", "right"])))
        roles = {"p": ("place", place), "d": way, "w": (doer, str(rng.choice(_THINGS[begin])))}
        told = [roles[letter] for letter in order]
        cases.append({"verb": verb, "roles": told, "words": _FORMS, "prepositions": _PREPOSITIONS})
    return cases


def as_numbers(
    scenes, labels, *, chosen=lambda frames: frames, said=None, number=lambda times, frames: float(times > 0)
):
    """What is said of each scene, in numbers; `said` makes the labels of a frame."""
    said = said or (lambda verb, roles: [("verb", verb), *roles])
    rows = []
    for frames in scenes:
        given = [label for frame in chosen(frames) for label in said(*frame)]
        rows.append([number(given.count(label), frames) for label in labels])
    return np.array(rows)


def _whoever(scenes, labels):
    """The nouns count in whichever role they are."""
    rows = []
    for frames in scenes:
        nouns = [value for verb, roles in frames for value in (verb, *(value for _, value in roles))]
        rows.append([float(value in nouns) for _, value in labels])
    return np.array(rows)


def _scenes(rng):
    cases = []
    for _ in range(5):
        labels = [
            *(("verb", verb) for verb in ("sit", "run", "park", "fly")),
            *(("agent", thing) for thing in ("dog", "cat", "airplane")),
            ("item", "airplane"),
            ("item", "car"),
            ("direction", "left"),
            ("place", "grass"),
            ("place", "road"),
        ]
        labels = [labels[number] for number in rng.permutation(len(labels))]
        place = str(rng.choice(["grass", "road"]))
        run = ("run", [("agent", "dog"), ("direction", str(rng.choice(["left", "right"]))), ("place", place)])
        sit = ("sit", [("agent", str(rng.choice(["cat", "frog"]))), ("place", "grass")])
        park = ("park", [("item", "airplane"), ("place", "grass")])
        fly = ("fly", [("agent", "airplane"), ("direction", "left"), ("place", "sky")])
        worlds = [[park, run], [fly, park], [run, run, fly], [sit], [], [("fly", [])]]
        scenes = [*_mixed(rng, worlds)[: int(rng.integers(3, 5))], [sit, run, sit, park]]
        cases.append({"scenes": scenes, "labels": labels})
    return [*cases, {"scenes": [[fly, sit, fly]], "labels": labels}]


def seen(boxes, side, *, order=1, beyond=0, counted=None):
    """The share of the picture that shows each thing: painted from the farthest to the nearest."""
    picture = np.full((side, side), -1)
    for number in range(len(boxes))[::order]:
        left, top, right, bottom = boxes[number]
        picture[top : bottom + beyond, left : right + beyond] = number
    found = np.array([(picture == number).sum() for number in range(len(boxes))])
    return found / (side**2 if counted is None else counted(boxes, side))


def _areas(boxes):
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def _overlap(one, other):
    across, down = (min(one[2 + axis], other[2 + axis]) - max(one[axis], other[axis]) for axis in (0, 1))
    return max(0, across) * max(0, down)


def _less_each(boxes, side, nearer=lambda number: slice(number + 1, None)):
    """Each nearer thing is taken off by itself, though two of them may hide the same."""
    hidden = [sum(_overlap(one, other) for other in boxes[nearer(number)]) for number, one in enumerate(boxes)]
    return (_areas(boxes) - np.array(hidden)) / side**2


def _crowd(rng, side, things, hides):
    ends = np.add(np.sort(rng.integers(0, side - 2, (things, 2, 2)), axis=2), [0, 3])
    boxes = ends.transpose(0, 2, 1).reshape(things, 4)
    if hides:  # nothing of two is seen
        boxes[hides - 1 : hides + 1] = boxes[hides + 1]
    return {"boxes": boxes, "side": side}


def _crowds(rng):
    also = [lambda boxes, side: np.sort(seen(boxes, side))]
    sizes = ((12, 4, 0), (10, 5, 2), (9, 6, 0), (14, 5, 1))
    cases = [discriminating(SEEN, partial(_crowd, rng, *size), also=also) for size in sizes]
    return [*cases, _crowd(rng, 8, 1, 0)]


_TRUE = ("run", [("agent", "dog"), ("direction", "left"), ("place", "grass")])
_BY_HAND = (
    "work out by hand how right a frame is: verb, value and value-all, with the verb predicted and with the verb given"
)

BY_HAND = exercise("ps07-1", "Value and value-all", points=1, difficulty="warm-up", minutes=5).value(
    "by_hand",
    [0.72, 0.5832],
    aim=_BY_HAND,
    section=LESSON + "3.-How-right-is-a-frame?",
    expects="two numbers, 0 to 1: value, then value-all",
    mistakes={
        "gold-verb": ([0.9, 0.729], "So right are the nouns where the verb is. How often is it?"),
        "one-role": ([0.72, 0.72], "Value-all asks for all three nouns at once."),
        "exchanged": ([0.5832, 0.72], "Which of the two is the larger one?"),
        "all-as-value": ([0.5832, 0.5832], "Value gives a share for each noun, even where another one is wrong."),
        "verb-alone": ([0.8, 0.8], "That is how often the verb is right. Nouns may be wrong then."),
        "at-least-one": ([0.72, 0.7992], "So often is at least one noun right. All of them were asked for."),
        "taken-off": ([0.72, 0.56], "Three chances to be wrong are not simply added up."),
        "verb-three-times": ([0.72, 0.373248], "The verb is asked for once, not once for each noun."),
        "two-roles": ([0.72, 0.648], "One of the roles was forgotten."),
        "a-sum": ([2.16, 0.5832], "Of three roles a share was asked for, not how many."),
    },
)

SCORE = exercise("ps07-2", "How right is it?", points=3, difficulty="easy", minutes=15).function(
    score,
    aim=_BY_HAND,
    section=LESSON + "3.-How-right-is-a-frame?",
    expects="three numbers, 0 to 1: verb, value, value-all",
    shown=[
        {"found": ("run", [("agent", "dog"), ("place", "road"), ("direction", "left")]), "true": _TRUE},
        {"found": ("walk", _TRUE[1]), "true": _TRUE},
        {"found": ("run", [("agent", "dog")]), "true": _TRUE},
        {"found": ("run", []), "true": _TRUE},
        {"found": ("run", _TRUE[1][::-1]), "true": _TRUE},
    ],
    draw=_frames,
    mistakes={
        "verb-not-needed": (
            vary(score, needs_verb=False),
            "Nouns count here although the verb is wrong. Whose agent would that be?",
        ),
        "any-will-do": (vary(score, whole=any), "Value-all is given as soon as one noun is right."),
        "how-many": (
            vary(score, value=lambda right: float(sum(right))),
            "Value is how many nouns are right. Which share is that?",
        ),
        "of-those-found": (
            vary(score, of=lambda filled: filled),
            "The roles of what was found were gone through. Which ones were asked for?",
        ),
        "by-place": (_by_place, "Roles were compared by where they stand. They may come in any order."),
        "no-more-allowed": (
            _no_more,
            "All that was asked for is right, and value-all is 0. May more be found than what was asked for?",
        ),
        "in-any-role": (_anywhere, "The right noun counts wherever it stands. It has a role."),
        "stops-at-a-gap": (_stops_at_a_gap, "It stops where a role was not filled at all."),
        "verb-as-a-role": (_verb_as_a_role, "The verb was counted among the nouns. It has its own measure."),
        "all-or-nothing": (
            vary(score, value=lambda right: float(all(right))),
            "Value is all or nothing here. That is the third measure.",
        ),
    },
)

TELL = exercise("ps07-3", "A frame in words", points=3, difficulty="medium", minutes=15).function(
    tell,
    aim="say what a verb, a role and a frame are, and turn a frame into a sentence and back",
    section=LESSON + "2.-From-a-frame-to-a-sentence,-and-back",
    expects="a text: one sentence",
    shown=[
        {
            "verb": "run",
            "roles": [("agent", "dog"), ("direction", "left"), ("place", "grass")],
            "words": {"run": "running"},
            "prepositions": {"grass": "on"},
        },
        {
            "verb": "park",
            "roles": [("place", "road"), ("item", "car")],
            "words": {"park": "parked"},
            "prepositions": {"road": "on"},
        },
    ],
    draw=_worded,
    mistakes={
        "always-a": (vary(tell, article=lambda _: "a"), "Read it aloud. Before a vowel, what becomes of “a”?"),
        "agents-only": (vary(tell, doer=("agent",)), "What was done to a thing is said as well, and then nobody acts."),
        "no-direction": (vary(tell, order=("place",)), "Where does it go? A role was left out."),
        "no-place": (vary(tell, order=("direction",)), "Where is it? A role was left out."),
        "place-first": (vary(tell, order=("place", "direction")), "All is said, in another order than was asked for."),
        "bare-direction": (vary(tell, way="{}"), "So one gives orders to a helmsman."),
        "small-letter": (vary(tell, upper=str), "How does a sentence begin?"),
        "title-case": (vary(tell, upper=str.title), "Only one letter of it is a capital."),
        "no-stop": (vary(tell, end=""), "How does a sentence end?"),
        "no-is": (vary(tell, is_=" "), "A small word is missing before what it does."),
        "bare-verb": (
            lambda verb, roles, words, prepositions: tell(verb, roles, {verb: verb}, prepositions),
            "The verb is as the frame has it. How does it go after “is”?",
        ),
        "always-on": (
            lambda verb, roles, words, prepositions: tell(verb, roles, words, dict.fromkeys(prepositions, "on")),
            "One place is like another here. Who flies is not on the sky.",
        ),
    },
)

AS_NUMBERS = exercise("ps07-4", "Roles as numbers", points=3, difficulty="medium", minutes=15).function(
    as_numbers,
    aim="test whether roles help to find missing words, and for which words",
    section=LESSON + "7.-Do-roles-help-with-language?",
    expects="a float array of shape (scenes, labels), of zeros and ones",
    shown=[
        {
            "scenes": [[_TRUE, ("sit", [("agent", "cat"), ("place", "grass")])], [("sit", [("agent", "dog")])]],
            "labels": [("verb", "sit"), ("agent", "dog"), ("item", "dog"), ("place", "grass")],
        },
    ],
    draw=_scenes,
    mistakes={
        "counted": (
            vary(as_numbers, number=lambda times, frames: float(times)),
            "It counts how often. That it is so was asked for.",
        ),
        "first-thing": (
            vary(as_numbers, chosen=lambda frames: frames[:1]),
            "Of each scene only the first thing is told.",
        ),
        "last-thing": (
            vary(as_numbers, chosen=lambda frames: frames[-1:]),
            "Of each scene only the last thing is told: it has written over the others.",
        ),
        "no-verbs": (
            vary(as_numbers, said=lambda verb, roles: roles),
            "Something of each frame is missing: what decides on all the rest.",
        ),
        "verbs-alone": (
            vary(as_numbers, said=lambda verb, roles: [("verb", verb)]),
            "Only what is done is told, and not by whom, or where.",
        ),
        "in-any-role": (_whoever, "A noun is told in whichever role it is. Who flies, and what is parked?"),
        "shares": (
            vary(as_numbers, number=lambda times, frames: times / max(1, len(frames))),
            "It was divided by how many things there are.",
        ),
        "all-scenes": (
            lambda scenes, labels: np.repeat(
                as_numbers(scenes, labels).max(axis=0, keepdims=True), len(scenes), axis=0
            ),
            "All scenes were told at once. Each is a row of its own.",
        ),
        "the-others": (lambda **c: 1 - as_numbers(**c), "Zeros and ones are exchanged."),
    },
)

SEEN = exercise("ps07-5", "Which is the most prominent?", points=4, difficulty="stretch", minutes=25).function(
    seen,
    aim="train a network that writes frames slot by slot, and say how it decides which thing comes first",
    section=LESSON + "Which-is-the-first?",
    expects="a float array of shape (things,), 0 to 1",
    shown=[
        {"boxes": np.array([[0, 0, 4, 4], [2, 2, 6, 6]]), "side": 10},
        {"boxes": np.array([[0, 0, 6, 6], [1, 1, 4, 4], [2, 2, 5, 8]]), "side": 10},
    ],
    draw=_crowds,
    mistakes={
        "nothing-hidden": (lambda boxes, side: _areas(boxes) / side**2, "So large they are. What stands before them?"),
        "far-before-near": (vary(seen, order=-1), "The farthest hides the nearest here."),
        "hidden-twice": (_less_each, "Where two things hide the same pixels, these were taken off twice."),
        "next-only": (
            vary(_less_each, nearer=lambda number: slice(number + 1, number + 2)),
            "Only the next thing hides it. Those after that may, too.",
        ),
        "one-pixel-more": (vary(seen, beyond=1), "Each is one pixel too wide and too high."),
        "share-of-itself": (
            vary(seen, counted=lambda boxes, side: _areas(boxes)),
            "That is the share of each thing that is seen. Of what was a share asked for?",
        ),
        "pixels": (vary(seen, counted=lambda boxes, side: 1), "These are pixels. How many has the picture?"),
        "by-the-side": (
            vary(seen, counted=lambda boxes, side: side),
            "It was divided by the picture's side, and not by its pixels.",
        ),
        "of-what-is-covered": (
            lambda boxes, side: seen(boxes, side) / seen(boxes, side).sum(),
            "The shares add up to 1, as if there were no background.",
        ),
        "widths-for-edges": (
            lambda boxes, side: seen(np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1), side),
            "The last two numbers of a box are edges, and were taken for width and height.",
        ),
    },
)

QUESTION = exercise("ps07-6", "Who is right?", points=2, difficulty="medium", minutes=10).by_hand(
    aim="compare two networks that speak about the same picture, and find out who is right when they disagree",
    section=LESSON + "6.-Two-networks-on-one-picture",
)

EXERCISES = (BY_HAND, SCORE, TELL, AS_NUMBERS, SEEN, QUESTION)
