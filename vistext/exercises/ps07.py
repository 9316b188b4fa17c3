"""Problem set 7, on lesson 07: verbs, roles and frames."""

import numpy as np

from vistext.exercises.exercise import discriminating, exercise, shuffled, vary

LESSON = "07_roles.ipynb#"


def _in_its_role(place, role, noun, filled, roles):
    return dict(filled).get(role) == dict(roles).get(role) == noun


def _share(hits):
    return sum(hits) / len(hits)


def score(
    found, true, *, needs_verb=True, value=_share, whole=all, right=_in_its_role, asked=lambda filled, roles: roles
):
    """Verb, value and value-all; `right` says of each role that is `asked` for whether its noun is."""
    (verb, filled), (true_verb, roles) = found, true
    hits = [right(place, role, noun, filled, roles) for place, (role, noun) in enumerate(asked(filled, roles))]
    hit = float(verb == true_verb)
    counts = hit if needs_verb else 1.0
    return [hit, counts * float(value(hits)), counts * float(whole(hits))]


def _verb_as_a_role(found, true):
    hit, value, whole = score(found, true)
    return [hit, (hit + value * len(true[1])) / (1 + len(true[1])), whole]


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
    return shuffled(rng, cases)


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
_NOUNS = {
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
    phrases = [upper(f"{article(who)} {who}") + is_ + words[verb], *(parts[role] for role in order)]
    return " ".join(phrase for phrase in phrases if phrase) + end


def _sentences(rng):
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
        roles = {"p": ("place", place), "d": way, "w": (doer, str(rng.choice(_NOUNS[begin])))}
        ordered = [roles[letter] for letter in order]
        cases.append({"verb": verb, "roles": ordered, "words": _FORMS, "prepositions": _PREPOSITIONS})
    return cases


def _labels_of(verb, roles):
    return [("verb", verb), *roles]


def as_numbers(scenes, labels, *, chosen=list, describe=_labels_of, number=lambda times, frames: float(times > 0)):
    """The labels of each scene's chosen frames, as numbers."""
    rows = []
    for frames in scenes:
        given = [label for frame in chosen(frames) for label in describe(*frame)]
        rows.append([number(given.count(label), frames) for label in labels])
    return np.array(rows)


def _whichever_role(scenes, labels):
    nouns = {noun for _, noun in labels}
    every = as_numbers(scenes, [*nouns], describe=lambda verb, roles: [noun for _, noun in _labels_of(verb, roles)])
    return every[:, [[*nouns].index(noun) for _, noun in labels]]


_LABELS = {
    "verb": "sit run park fly",
    "agent": "dog cat airplane",
    "item": "airplane car",
    "direction": "left",
    "place": "grass road",
}


def _scenes(rng):
    cases = []
    for _ in range(5):
        labels = shuffled(rng, [(role, noun) for role, nouns in _LABELS.items() for noun in nouns.split()])
        place = str(rng.choice(["grass", "road"]))
        run = ("run", [("agent", "dog"), ("direction", str(rng.choice(["left", "right"]))), ("place", place)])
        sit = ("sit", [("agent", str(rng.choice(["cat", "frog"]))), ("place", "grass")])
        park = ("park", [("item", "airplane"), ("place", "grass")])
        fly = ("fly", [("agent", "airplane"), ("direction", "left"), ("place", "sky")])
        worlds = [[park, run], [fly, park], [run, run, fly], [sit], [], [("fly", [])]]
        scenes = [*shuffled(rng, worlds)[: int(rng.integers(3, 5))], [sit, run, sit, park]]
        cases.append({"scenes": scenes, "labels": labels})
    return [*cases, {"scenes": [[fly, sit, fly]], "labels": labels}]


def seen(boxes, side, *, order=1, beyond=0, of=lambda boxes, side: side**2):
    """The share of the picture that shows each object: painted from the farthest to the nearest."""
    picture = np.full((side, side), -1)
    for number in range(len(boxes))[::order]:
        left, top, right, bottom = boxes[number]
        picture[top : bottom + beyond, left : right + beyond] = number
    return np.array([(picture == number).sum() for number in range(len(boxes))]) / of(boxes, side)


def _areas(boxes, side):
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def _hidden_twice(boxes, side, nearer=lambda number: slice(number + 1, None)):
    """Each nearer object is taken off by itself, though two of them may hide the same."""
    starts, ends = (pick(boxes[:, np.newaxis], boxes) for pick in (np.maximum, np.minimum))
    common = np.maximum(0, ends[..., 2:] - starts[..., :2]).prod(axis=-1)
    hidden = [common[number, nearer(number)].sum() for number in range(len(boxes))]
    return (_areas(boxes, side) - np.array(hidden)) / side**2


def _crowd(rng, side, things, hides):
    ends = np.add(np.sort(rng.integers(0, side - 2, (things, 2, 2)), axis=2), [0, 3])
    boxes = ends.transpose(0, 2, 1).reshape(things, 4)
    if hides:  # nothing of two is seen
        boxes[hides - 1 : hides + 1] = boxes[hides + 1]
    return {"boxes": boxes, "side": side}


def _crowds(rng):
    also = [lambda boxes, side: np.sort(seen(boxes, side))]
    sizes = ((12, 4, 0), (10, 5, 2), (9, 6, 0), (14, 5, 1))
    cases = discriminating(SEEN, rng, _crowd, sizes, also=also)
    return [*cases, _crowd(rng, 8, 1, 0)]


_TRUE = ("run", [("agent", "dog"), ("direction", "left"), ("place", "grass")])

BY_HAND = exercise("ps07-1", "Value and value-all", points=1).value(
    "by_hand",
    [0.72, 0.5832],
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

SCORE = exercise("ps07-2", "How right is it?", points=3).function(
    score,
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
        "verb-not-needed": ({"needs_verb": False}, "Nouns count although the verb is wrong. Whose agent would it be?"),
        "any-will-do": ({"whole": any}, "Value-all is given as soon as one noun is right."),
        "how-many": ({"value": sum}, "Value is how many nouns are right. Which share is that?"),
        "of-those-found": (
            {"asked": lambda filled, roles: filled},
            "The roles that were found were gone through. Which ones were asked for?",
        ),
        "by-place": (
            {"right": lambda place, role, noun, filled, _: noun in [pair[1] for pair in filled[place : place + 1]]},
            "Roles were compared by where they stand. They may come in any order.",
        ),
        "no-more-allowed": (_no_more, "All that was asked for is right, and value-all is 0. May more be found?"),
        "in-any-role": (
            {"right": lambda place, role, noun, filled, _: noun in dict(filled).values()},
            "The right noun counts wherever it stands. It has a role.",
        ),
        "stops-at-a-gap": (
            {"right": lambda place, role, noun, filled, _: dict(filled)[role] == noun},
            "It stops where a role was not filled at all.",
        ),
        "verb-as-a-role": (_verb_as_a_role, "The verb was counted among the nouns. It has its own measure."),
        "all-or-nothing": ({"value": all}, "Value is all or nothing here. That is the third measure."),
    },
)

TELL = exercise("ps07-3", "A frame in words", points=3).function(
    tell,
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
    draw=_sentences,
    mistakes={
        "always-a": ({"article": lambda noun: "a"}, "Read it aloud. Before a vowel, what becomes of “a”?"),
        "agents-only": ({"doer": ("agent",)}, "What was done to a thing is said as well, and then nobody acts."),
        "no-direction": ({"order": ("place",)}, "Where does it go? A role was left out."),
        "no-place": ({"order": ("direction",)}, "Where is it? A role was left out."),
        "place-first": ({"order": ("place", "direction")}, "All is said, in another order than was asked for."),
        "bare-direction": ({"way": "{}"}, "So one gives orders to a helmsman."),
        "small-letter": ({"upper": str}, "How does a sentence begin?"),
        "title-case": ({"upper": str.title}, "Only one letter of it is a capital."),
        "no-stop": ({"end": ""}, "How does a sentence end?"),
        "no-is": ({"is_": " "}, "A small word is missing before what it does."),
        "bare-verb": (
            {"words": lambda words: {verb: verb for verb in words}},
            "The verb is as the frame has it. How does it go after “is”?",
        ),
        "always-on": (
            {"prepositions": lambda places: dict.fromkeys(places, "on")},
            "One place is like another here. Who flies is not on the sky.",
        ),
    },
)

AS_NUMBERS = exercise("ps07-4", "Roles as numbers", points=3).function(
    as_numbers,
    section=LESSON + "7.-Do-roles-help-with-language?",
    expects="a float array of shape (scenes, labels), of zeros and ones",
    shown=[
        {
            "scenes": [[_TRUE, ("sit", [("agent", "cat"), ("place", "grass")])], [("sit", [("agent", "dog")])]],
            "labels": [("verb", "sit"), ("agent", "dog"), ("item", "dog"), ("place", "grass")],
        }
    ],
    draw=_scenes,
    mistakes={
        "counted": ({"number": lambda times, frames: float(times)}, "It counts how often. Whether it is so was asked."),
        "first-thing": ({"chosen": lambda frames: frames[:1]}, "Of each scene only the first thing is told."),
        "last-thing": (
            {"chosen": lambda frames: frames[-1:]},
            "Of each scene only the last thing is told: it has written over the others.",
        ),
        "no-verbs": ({"describe": lambda _, roles: roles}, "Something of each frame is missing: it decides the rest."),
        "verbs-alone": ({"describe": lambda verb, _: [("verb", verb)]}, "Only what is done is told, not by whom."),
        "in-any-role": (_whichever_role, "A noun is told in whichever role it is. Who flies, and what is parked?"),
        "shares": (
            {"number": lambda times, frames: times / max(1, len(frames))},
            "It was divided by how many there are.",
        ),
        "all-scenes": (
            lambda scenes, labels: np.tile(as_numbers(scenes, labels).max(axis=0), (len(scenes), 1)),
            "All scenes were told at once. Each is a row of its own.",
        ),
        "the-others": (lambda **c: 1 - as_numbers(**c), "Zeros and ones are exchanged."),
    },
)

SEEN = exercise("ps07-5", "Which is the most prominent?", points=4).function(
    seen,
    section=LESSON + "Which-is-the-first?",
    expects="a float array of shape (things,), 0 to 1",
    shown=[
        {"boxes": np.array([[0, 0, 4, 4], [2, 2, 6, 6]]), "side": 10},
        {"boxes": np.array([[0, 0, 6, 6], [1, 1, 4, 4], [2, 2, 5, 8]]), "side": 10},
    ],
    draw=_crowds,
    mistakes={
        "nothing-hidden": (lambda boxes, side: _areas(boxes, side) / side**2, "So large they are. What hides them?"),
        "far-before-near": ({"order": -1}, "The farthest hides the nearest here."),
        "hidden-twice": (_hidden_twice, "Where two things hide the same pixels, these were taken off twice."),
        "next-only": (
            vary(_hidden_twice, nearer=lambda number: slice(number + 1, number + 2)),
            "Only the next thing hides it. Those after that may, too.",
        ),
        "one-pixel-more": ({"beyond": 1}, "Each is one pixel too wide and too high."),
        "share-of-itself": ({"of": _areas}, "That is the share of each thing that is seen. A share of what was asked?"),
        "pixels": ({"of": lambda boxes, side: 1}, "These are pixels. How many has the picture?"),
        "by-the-side": ({"of": lambda boxes, side: side}, "It was divided by the picture's side, not by its pixels."),
        "of-what-is-covered": (
            lambda boxes, side: seen(boxes, side) / seen(boxes, side).sum(),
            "The shares add up to 1, as if there were no background.",
        ),
        "widths-for-edges": (
            {"boxes": lambda boxes: np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])},
            "The last two numbers of a box are edges, and were taken for width and height.",
        ),
    },
)

QUESTION = exercise("ps07-6", "Who is right?", points=2).by_hand(LESSON + "6.-Two-networks-on-one-picture")

EXERCISES = (BY_HAND, SCORE, TELL, AS_NUMBERS, SEEN, QUESTION)
