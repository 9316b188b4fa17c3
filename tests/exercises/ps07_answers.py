"""Answers to problem set 7, as students write them."""

import numpy as np
from answers import RIGHT, WRONG, values, vary

values(
    "ps07-1",
    right=[[0.72, 0.5832], (0.72, 0.5832), 0.8 * np.array([0.9, 0.9**3]), np.float32([0.72, 0.5832])],
    wrong={"wrong-type": "0.72, 0.5832", "wrong-shape": 0.72, "other": [0.7, 0.6]},
)


def in_a_loop(found, true):
    count = 0
    for role, noun in true[1]:
        for other, guess in found[1]:
            count += role == other and noun == guess
    if found[0] != true[0]:
        return 0, 0, 0
    return 1, count / len(true[1]), int(count == len(true[1]))


def by_arrays(found, true):
    nouns = dict(found[1])
    right = np.array([nouns.get(role, "") == noun for role, noun in true[1]])
    return (found[0] == true[0]) * np.array([1, right.mean(), right.all()], np.float32)


def share(right):
    return sum(right) / len(right)


def role_by_role(
    found, true, *, hits=lambda pair, filled: pair in filled, of_true=True, value=share, whole=all, needs_verb=True
):
    """By which roles of one of the two frames (true ones, or else those found) are right."""
    roles, others = (true[1], found[1]) if of_true else (found[1], true[1])
    right = [hits(pair, others) for pair in roles]
    verb = found[0] == true[0]
    counts = verb or not needs_verb
    return [verb, counts * value(right), counts and whole(right)]


def zipped(found, true):
    hits = [filled[1] == role[1] for filled, role in zip(found[1], true[1], strict=False)]
    verb = found[0] == true[0]
    return [verb, verb * sum(hits) / len(true[1]), verb * float(all(hits) and len(found[1]) >= len(true[1]))]


def four_of_four(found, true):
    verb, value, whole = role_by_role(found, true)
    return verb, (verb + value * len(true[1])) / (1 + len(true[1])), whole


def the_same_set(found, true):
    verb, value, _ = role_by_role(found, true)
    return verb, value, verb * float(set(found[1]) == set(true[1]))


RIGHT["ps07-2"] = [in_a_loop, by_arrays, role_by_role]
WRONG["ps07-2"] = {
    "verb-not-needed": vary(role_by_role, needs_verb=False),
    "no-more-allowed": the_same_set,
    "any-will-do": vary(role_by_role, whole=any),
    "how-many": vary(role_by_role, value=sum),
    "of-those-found": vary(role_by_role, of_true=False),
    "by-place": zipped,
    "in-any-role": vary(role_by_role, hits=lambda pair, filled: pair[1] in [noun for _, noun in filled]),
    "stops-at-a-gap": vary(role_by_role, hits=lambda pair, filled: dict(filled)[pair[0]] == pair[1]),
    "verb-as-a-role": four_of_four,
    "all-or-nothing": vary(role_by_role, value=all),
}


def in_a_template(verb, roles, words, prepositions, form="{A} {who} is {does}{way}{where}."):
    filled = dict(roles)
    who = filled.get("agent") or filled["item"]
    a = "an" if who[0] in "aeiou" else "a"
    way = f" to the {filled['direction']}" if "direction" in filled else ""
    where = f" {prepositions[filled['place']]} the {filled['place']}" if "place" in filled else ""
    names = {"A": a.capitalize(), "a": a, "who": who, "Who": who.title(), "does": words[verb], "verb": verb}
    return form.format(**names, way=way, where=where)


def step_by_step(verb, roles, words, prepositions):
    text = ""
    for step in ("agent item", "direction", "place"):
        for role, noun in roles:
            if role in step.split():
                text += f" to the {noun}" if step == "direction" else ""
                text += f" {prepositions[noun]} the {noun}" if step == "place" else ""
                text += f"{'An' if noun[0] in 'aeiou' else 'A'} {noun} is {words[verb]}" if "item" in step else ""
    return text + "."


def by_sorting_roles(verb, roles, words, prepositions):
    def part(role, noun):
        if role == "direction":
            return f"to the {noun}"
        if role == "place":
            return f"{prepositions[noun]} the {noun}"
        return f"A{'n' * (noun[0] in set('aeiou'))} {noun} is {words[verb]}"

    return " ".join(part(*pair) for pair in sorted(roles, key=lambda pair: "aidp".index(pair[0][0]))) + "."


RIGHT["ps07-3"] = [in_a_template, step_by_step, by_sorting_roles]
WRONG["ps07-3"] = {
    "agents-only": lambda roles, **case: in_a_template(roles=roles, **case) if dict(roles)["agent"] else "",
    "title-case": vary(in_a_template, form="{A} {Who} is {does}{way}{where}."),
    "always-a": vary(in_a_template, form="A {who} is {does}{way}{where}."),
    "no-direction": vary(in_a_template, form="{A} {who} is {does}{where}."),
    "no-place": vary(in_a_template, form="{A} {who} is {does}{way}."),
    "place-first": vary(in_a_template, form="{A} {who} is {does}{where}{way}."),
    "bare-direction": lambda **case: in_a_template(**case).replace(" to the ", " "),
    "small-letter": vary(in_a_template, form="{a} {who} is {does}{way}{where}."),
    "no-stop": vary(in_a_template, form="{A} {who} is {does}{way}{where}"),
    "no-is": vary(in_a_template, form="{A} {who} {does}{way}{where}."),
    "bare-verb": vary(in_a_template, form="{A} {who} is {verb}{way}{where}."),
    "always-on": vary(in_a_template, prepositions=lambda prepositions: dict.fromkeys(prepositions, "on")),
}


def cell_by_cell(scenes, labels, *, labels_of=lambda verb, roles: [("verb", verb), *roles], times=lambda before: 1):
    numbers = np.zeros((len(scenes), len(labels)))
    for row, frames in enumerate(scenes):
        for frame in frames:
            for label in labels_of(*frame):
                if label in labels:
                    numbers[row, labels.index(label)] = times(numbers[row, labels.index(label)])
    return numbers


def as_truth_values(scenes, labels):
    def so(label, frames):
        role, value = label
        if role == "verb":
            return any(verb == value for verb, _ in frames)
        return any(label in roles for _, roles in frames)

    return np.array([[so(label, frames) for label in labels] for frames in scenes])


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

RIGHT["ps07-4"] = [cell_by_cell, as_truth_values, by_a_dict_of_columns]
WRONG["ps07-4"] = {
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


def pixel_by_pixel(boxes, side, **options):
    return painted(boxes, side, **options) / side**2


def from_near_to_far(boxes, side):
    free, found = np.ones((side, side), bool), np.zeros(len(boxes))
    for number in reversed(range(len(boxes))):
        left, top, right, bottom = boxes[number]
        found[number] = free[top:bottom, left:right].sum() / side**2
        free[top:bottom, left:right] = False
    return found


def by_masks(boxes, side):
    rows, columns = np.mgrid[:side, :side]
    masks = [(rows >= y0) & (rows < y1) & (columns >= x0) & (columns < x1) for x0, y0, x1, y1 in boxes]
    found = []
    for number, mask in enumerate(masks):
        hidden = np.any([np.zeros_like(mask), *masks[number + 1 :]], axis=0)
        found.append((mask & ~hidden).mean(dtype=np.float32))
    return found


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


RIGHT["ps07-5"] = [pixel_by_pixel, from_near_to_far, by_masks]
WRONG["ps07-5"] = {
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
