"""Answers to problem set 7, as students write them."""

import numpy as np
from answers import WRONG, right, values, vary

values(
    "ps07-1",
    right=[[0.72, 0.5832], (0.72, 0.5832), 0.8 * np.array([0.9, 0.9**3]), np.float32([0.72, 0.5832])],
    wrong={"wrong-type": "0.72, 0.5832", "wrong-shape": 0.72, "other": [0.7, 0.6]},
)


@right("ps07-2")
def in_a_loop(found, true):
    count = 0
    for role, noun in true[1]:
        for other, guess in found[1]:
            count += role == other and noun == guess
    if found[0] != true[0]:
        return 0, 0, 0
    return 1, count / len(true[1]), int(count == len(true[1]))


@right("ps07-2")
def by_sets(found, true):
    hits = set(found[1]) & set(true[1])
    verb = found[0] == true[0]
    return np.array([verb, verb * len(hits) / len(true[1]), verb * (hits == set(true[1]))], float)


@right("ps07-2")
def by_removing(found, true):
    left = list(true[1])
    for pair in found[1]:
        if pair in left:
            left.remove(pair)
    if found[0] == true[0]:
        return [True, 1 - len(left) / len(true[1]), not left]
    return [False, 0.0, False]


@right("ps07-2")
def by_arrays(found, true):
    nouns = dict(found[1])
    right = np.array([nouns.get(role, "") == noun for role, noun in true[1]])
    return (found[0] == true[0]) * np.array([1, right.mean(), right.all()], np.float32)


def in_role(pair, filled):
    return pair in filled


def share(right):
    return sum(right) / len(right)


def shares(found, true, *, hits=in_role, of_true=True, value=share, whole=all, needs_verb=True):
    """By which roles of one of the two frames (true ones, or else those found) are right."""
    roles, others = (true[1], found[1]) if of_true else (found[1], true[1])
    right = [hits(pair, others) for pair in roles]
    verb = float(found[0] == true[0])
    counts = verb if needs_verb else 1.0
    return [verb, counts * value(right), counts * float(whole(right))]


def zipped(found, true):
    hits = [filled[1] == role[1] for filled, role in zip(found[1], true[1], strict=False)]
    verb = found[0] == true[0]
    return [verb, verb * sum(hits) / len(true[1]), verb * float(all(hits) and len(found[1]) >= len(true[1]))]


def four_of_four(found, true):
    verb, value, whole = shares(found, true)
    return verb, (verb + value * len(true[1])) / (1 + len(true[1])), whole


def the_same_set(found, true):
    verb, value, _ = shares(found, true)
    return verb, value, verb * float(set(found[1]) == set(true[1]))


WRONG["ps07-2"] |= {
    "verb-not-needed": vary(shares, needs_verb=False),
    "no-more-allowed": the_same_set,
    "any-will-do": vary(shares, whole=any),
    "how-many": vary(shares, value=sum),
    "of-those-found": vary(shares, of_true=False),
    "by-place": zipped,
    "in-any-role": vary(shares, hits=lambda pair, filled: pair[1] in [noun for _, noun in filled]),
    "stops-at-a-gap": vary(shares, hits=lambda pair, filled: dict(filled)[pair[0]] == pair[1]),
    "verb-as-a-role": four_of_four,
    "all-or-nothing": vary(shares, value=all),
}


def sentence(verb, roles, words, prepositions, form="{A} {who} is {does}{way}{where}."):
    filled = dict(roles)
    who = filled.get("agent") or filled["item"]
    a = "an" if who[0] in "aeiou" else "a"
    way = f" to the {filled['direction']}" if "direction" in filled else ""
    where = f" {prepositions[filled['place']]} the {filled['place']}" if "place" in filled else ""
    names = {"A": a.capitalize(), "a": a, "who": who, "Who": who.title(), "does": words[verb], "verb": verb}
    return form.format(**names, way=way, where=where)


@right("ps07-3")
def in_a_template(verb, roles, words, prepositions):
    return sentence(verb, roles, words, prepositions)


@right("ps07-3")
def step_by_step(verb, roles, words, prepositions):
    text = ""
    for step in ("agent item", "direction", "place"):
        for role, noun in roles:
            if role in step.split():
                text += f" to the {noun}" if step == "direction" else ""
                text += f" {prepositions[noun]} the {noun}" if step == "place" else ""
                text += f"{'An' if noun[0] in 'aeiou' else 'A'} {noun} is {words[verb]}" if "item" in step else ""
    return text + "."


@right("ps07-3")
def by_adding_words(verb, roles, words, prepositions):
    nouns = {"agent": "", "item": "", "direction": "", "place": ""} | dict(roles)
    said = (nouns["agent"] or nouns["item"]) + " is " + words[verb]
    said = ("An " if said.startswith(("a", "e", "i", "o", "u")) else "A ") + said
    if nouns["direction"]:
        said += " to the %s" % nouns["direction"]  # noqa: UP031
    if nouns["place"]:
        said += " {} the {}".format(prepositions[nouns["place"]], nouns["place"])
    return said + "."


@right("ps07-3")
def by_sorting_roles(verb, roles, words, prepositions):
    def part(role, noun):
        if role == "direction":
            return f"to the {noun}"
        if role == "place":
            return f"{prepositions[noun]} the {noun}"
        return f"A{'n' * (noun[0] in set('aeiou'))} {noun} is {words[verb]}"

    return " ".join(part(*pair) for pair in sorted(roles, key=lambda pair: "aidp".index(pair[0][0]))) + "."


WRONG["ps07-3"] |= {
    "agents-only": lambda roles, **case: sentence(roles=roles, **case) if dict(roles)["agent"] else "",
    "title-case": vary(sentence, form="{A} {Who} is {does}{way}{where}."),
    "always-a": vary(sentence, form="A {who} is {does}{way}{where}."),
    "no-direction": vary(sentence, form="{A} {who} is {does}{where}."),
    "no-place": vary(sentence, form="{A} {who} is {does}{way}."),
    "place-first": vary(sentence, form="{A} {who} is {does}{where}{way}."),
    "bare-direction": lambda **case: sentence(**case).replace(" to the ", " "),
    "small-letter": vary(sentence, form="{a} {who} is {does}{way}{where}."),
    "no-stop": vary(sentence, form="{A} {who} is {does}{way}{where}"),
    "no-is": vary(sentence, form="{A} {who} {does}{way}{where}."),
    "bare-verb": vary(sentence, form="{A} {who} is {verb}{way}{where}."),
    "always-on": vary(sentence, prepositions=lambda prepositions: dict.fromkeys(prepositions, "on")),
}


@right("ps07-4")
def cell_by_cell(scenes, labels, *, labels_of=lambda verb, roles: [("verb", verb), *roles], times=lambda before: 1):
    numbers = np.zeros((len(scenes), len(labels)))
    for row, frames in enumerate(scenes):
        for frame in frames:
            for label in labels_of(*frame):
                if label in labels:
                    numbers[row, labels.index(label)] = times(numbers[row, labels.index(label)])
    return numbers


@right("ps07-4")
def by_membership(scenes, labels):
    said = [
        {("verb", verb) for verb, _ in frames} | {pair for _, roles in frames for pair in roles} for frames in scenes
    ]
    return np.array([[float(label in one) for label in labels] for one in said])


@right("ps07-4")
def as_truth_values(scenes, labels):
    def so(label, frames):
        role, value = label
        if role == "verb":
            return any(verb == value for verb, _ in frames)
        return any(label in roles for _, roles in frames)

    return np.array([[so(label, frames) for label in labels] for frames in scenes])


@right("ps07-4")
def by_a_dict_of_columns(scenes, labels):
    column, rows = {label: number for number, label in enumerate(labels)}, [[0] * len(labels) for _ in scenes]
    for row, frames in zip(rows, scenes, strict=True):
        for verb, roles in frames:
            for pair in {("verb", verb), *roles} & set(labels):
                row[column[pair]] = 1
    return rows


def by_the_word(scenes, labels):
    words = [{verb for verb, _ in frames} | {noun for _, roles in frames for _, noun in roles} for frames in scenes]
    return np.array([[float(value in told) for _, value in labels] for told in words])


added_up = vary(cell_by_cell, times=lambda before: before + 1)

WRONG["ps07-4"] |= {
    "counted": added_up,
    "first-thing": vary(cell_by_cell, scenes=lambda scenes: [frames[:1] for frames in scenes]),
    "last-thing": vary(cell_by_cell, scenes=lambda scenes: [frames[-1:] for frames in scenes]),
    "in-any-role": by_the_word,
    "no-verbs": vary(cell_by_cell, labels_of=lambda verb, roles: roles),
    "verbs-alone": vary(cell_by_cell, labels_of=lambda verb, roles: [("verb", verb)]),
    "shares": lambda scenes, labels: added_up(scenes=scenes, labels=labels) / [[len(one) or 1] for one in scenes],
    "all-scenes": lambda scenes, labels: np.tile(cell_by_cell(scenes, labels).max(axis=0), (len(scenes), 1)),
    "the-others": lambda **case: (cell_by_cell(**case) == 0).astype(float),
    "wrong-shape": lambda **case: cell_by_cell(**case).T[:, :1],
}


def painted(boxes, side, *, order=1):
    picture = [[None] * side for _ in range(side)]
    for number in range(len(boxes))[::order]:
        left, top, right, bottom = boxes[number]
        for row in range(top, min(side, bottom)):
            for column in range(left, min(side, right)):
                picture[row][column] = number
    return np.array([sum(line.count(number) for line in picture) for number in range(len(boxes))])


@right("ps07-5")
def pixel_by_pixel(boxes, side, **options):
    return painted(boxes, side, **options) / side**2


@right("ps07-5")
def from_near_to_far(boxes, side):
    free, found = np.ones((side, side), bool), np.zeros(len(boxes))
    for number in reversed(range(len(boxes))):
        left, top, right, bottom = boxes[number]
        found[number] = free[top:bottom, left:right].sum() / side**2
        free[top:bottom, left:right] = False
    return found


@right("ps07-5")
def by_masks(boxes, side):
    rows, columns = np.mgrid[:side, :side]
    masks = [(rows >= y0) & (rows < y1) & (columns >= x0) & (columns < x1) for x0, y0, x1, y1 in boxes]
    found = []
    for number, mask in enumerate(masks):
        hidden = np.any([np.zeros_like(mask), *masks[number + 1 :]], axis=0)
        found.append((mask & ~hidden).mean(dtype=np.float32))
    return found


@right("ps07-5")
def by_counting(boxes, side):
    picture = np.zeros((side, side), int)
    for number, (left, top, right_, bottom) in enumerate(boxes.tolist(), start=1):
        picture[top:bottom, left:right_] = number
    return np.bincount(picture.ravel(), minlength=len(boxes) + 1)[1:] / picture.size


def areas(boxes):
    return np.array([(right - left) * (bottom - top) for left, top, right, bottom in boxes])


def taken_off(boxes, side, most=99):
    """Each nearer object is taken off by itself: so many of them."""
    found = areas(boxes).astype(float)
    for number, box in enumerate(boxes):
        for nearer in boxes[number + 1 :][:most]:
            wide, high = np.minimum(box[2:], nearer[2:]) - np.maximum(box[:2], nearer[:2])
            found[number] -= max(0, wide) * max(0, high)
    return found / side**2


WRONG["ps07-5"] |= {
    "one-pixel-more": vary(pixel_by_pixel, boxes=lambda boxes: np.add(boxes, [0, 0, 1, 1])),
    "nothing-hidden": lambda boxes, side: areas(boxes) / side**2,
    "far-before-near": vary(pixel_by_pixel, order=-1),
    "hidden-twice": taken_off,
    "next-only": vary(taken_off, most=1),
    "share-of-itself": lambda boxes, side: painted(boxes, side) / areas(boxes),
    "pixels": lambda boxes, side: painted(boxes, side).astype(float),
    "by-the-side": lambda boxes, side: painted(boxes, side) / side,
    "of-what-is-covered": lambda boxes, side: painted(boxes, side) / painted(boxes, side).sum(),
    "widths-for-edges": vary(pixel_by_pixel, boxes=lambda boxes: boxes + np.pad(boxes[:, :2], [(0, 0), (2, 0)])),
}
