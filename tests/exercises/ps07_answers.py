"""Answers to problem set 7, as students write them."""

import numpy as np
from answers import right, values, wrong

values(
    "ps07-1",
    right={
        "a list": [0.72, 0.5832],
        "a tuple": (0.72, 0.5832),
        "NumPy's": 0.8 * np.array([0.9, 0.9**3]),
        "in half of the digits": np.float32([0.72, 0.5832]),
    },
    wrong={
        "gold-verb": [0.9, 0.729],
        "one-role": [0.72, 0.72],
        "exchanged": [0.5832, 0.72],
        "all-as-value": (0.5832, 0.5832),
        "verb-alone": [0.8, 0.8],
        "at-least-one": [0.72, 0.7992],
        "taken-off": [0.72, 0.56],
        "verb-three-times": [0.72, 0.373248],
        "two-roles": [0.72, 0.648],
        "a-sum": [2.16, 0.5832],
        "wrong-type": "0.72, 0.5832",
        "wrong-shape": 0.72,
        "other": [0.7, 0.6],
    },
)


@right("ps07-2")
def in_a_loop(found, true):
    count = 0
    for role, value in true[1]:
        for other, guess in found[1]:
            if role == other and value == guess:
                count += 1
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


@wrong("ps07-2", "verb-not-needed")
def three_by_themselves(found, true):
    hits = set(found[1]) & set(true[1])
    return float(found[0] == true[0]), len(hits) / len(true[1]), float(len(hits) == len(true[1]))


def if_the_verb_is_right(found, true, value, whole):
    return (1.0, value, whole) if found[0] == true[0] else (0.0, 0.0, 0.0)


@wrong("ps07-2", "no-more-allowed")
def the_same_set(found, true):
    hits = set(found[1]) & set(true[1])
    return if_the_verb_is_right(found, true, len(hits) / len(true[1]), float(set(found[1]) == set(true[1])))


@wrong("ps07-2", "any-will-do")
def one_is_enough(found, true):
    hits = set(found[1]) & set(true[1])
    return if_the_verb_is_right(found, true, len(hits) / len(true[1]), float(bool(hits)))


@wrong("ps07-2", "how-many")
def number_right(found, true):
    hits = set(found[1]) & set(true[1])
    return if_the_verb_is_right(found, true, float(len(hits)), float(len(hits) == len(true[1])))


@wrong("ps07-2", "of-those-found")
def precision(found, true):
    hits = set(found[1]) & set(true[1])
    return if_the_verb_is_right(found, true, len(hits) / len(found[1]), float(len(hits) == len(found[1])))


@wrong("ps07-2", "by-place")
def zipped(found, true):
    hits = [one[1] == other[1] for one, other in zip(found[1], true[1], strict=False)]
    return if_the_verb_is_right(
        found, true, sum(hits) / len(true[1]), float(all(hits) and len(found[1]) >= len(true[1]))
    )


@wrong("ps07-2", "in-any-role")
def bag_of_nouns(found, true):
    nouns = {value for _, value in found[1]}
    hits = [value in nouns for _, value in true[1]]
    return if_the_verb_is_right(found, true, sum(hits) / len(hits), float(all(hits)))


@wrong("ps07-2", "stops-at-a-gap")
def looks_up(found, true):
    filled = dict(found[1])
    hits = [filled[role] == value for role, value in true[1]]
    return if_the_verb_is_right(found, true, sum(hits) / len(hits), float(all(hits)))


@wrong("ps07-2", "verb-as-a-role")
def four_of_four(found, true):
    hits = len(set(found[1]) & set(true[1]))
    return if_the_verb_is_right(found, true, (1 + hits) / (1 + len(true[1])), float(hits == len(true[1])))


@wrong("ps07-2", "all-or-nothing")
def all_twice(found, true):
    whole = float(set(true[1]) <= set(found[1]))
    return if_the_verb_is_right(found, true, whole, whole)


def sentence(verb, roles, words, prepositions, form="{A} {who} is {does}{way}{where}."):
    filled = dict(roles)
    who = filled.get("agent") or filled["item"]
    a = "an" if who[0] in "aeiou" else "a"
    way = f" to the {filled['direction']}" if "direction" in filled else ""
    where = f" {prepositions[filled['place']]} the {filled['place']}" if "place" in filled else ""
    return form.format(A=a.capitalize(), a=a, who=who, does=words[verb], verb=verb, way=way, where=where)


@right("ps07-3")
def in_a_template(verb, roles, words, prepositions):
    return sentence(verb, roles, words, prepositions)


@right("ps07-3")
def step_by_step(verb, roles, words, prepositions):
    text = ""
    for role, value in roles:
        if role in ("agent", "item"):
            text = ("An " if value[0] in "aeiou" else "A ") + value + " is " + words[verb]
    for role, value in roles:
        if role == "direction":
            text += " to the " + value
    for role, value in roles:
        if role == "place":
            text += " " + prepositions[value] + " the " + value
    return text + "."


@right("ps07-3")
def by_adding_words(verb, roles, words, prepositions):
    nouns = {"agent": None, "item": None, "direction": None, "place": None}
    nouns.update(roles)
    said = (nouns["agent"] or nouns["item"]) + " is " + words[verb]
    said = ("an " if said.startswith(("a", "e", "i", "o", "u")) else "a ") + said
    if nouns["direction"] is not None:
        said += " to the %s" % nouns["direction"]  # noqa: UP031
    if nouns["place"] is not None:
        said += " {} the {}".format(prepositions[nouns["place"]], nouns["place"])
    return said[0].upper() + said[1:] + "."


@right("ps07-3")
def by_sorting_roles(verb, roles, words, prepositions):
    def part(role, noun):
        if role == "direction":
            return f"to the {noun}"
        if role == "place":
            return f"{prepositions[noun]} the {noun}"
        return f"A{'n' * (noun[0] in set('aeiou'))} {noun} is {words[verb]}"

    return " ".join(part(*pair) for pair in sorted(roles, key=lambda pair: "aidp".index(pair[0][0]))) + "."


@wrong("ps07-3", "always-a")
def no_an(**case):
    return sentence(**case, form="A {who} is {does}{way}{where}.")


@wrong("ps07-3", "agents-only")
def who_acts(verb, roles, words, prepositions):
    agent = dict(roles)["agent"]
    return sentence(verb, [*roles, ("agent", agent)], words, prepositions)


@wrong("ps07-3", "no-direction")
def without_way(**case):
    return sentence(**case, form="{A} {who} is {does}{where}.")


@wrong("ps07-3", "no-place")
def without_where(**case):
    return sentence(**case, form="{A} {who} is {does}{way}.")


@wrong("ps07-3", "place-first")
def other_order(**case):
    return sentence(**case, form="{A} {who} is {does}{where}{way}.")


@wrong("ps07-3", "bare-direction")
def to_the_forgotten(**case):
    return sentence(**case).replace(" to the ", " ")


@wrong("ps07-3", "small-letter")
def no_capital(**case):
    return sentence(**case, form="{a} {who} is {does}{way}{where}.")


@wrong("ps07-3", "title-case")
def two_capitals(**case):
    begun, rest = sentence(**case).split(" is ", 1)
    return f"{begun.title()} is {rest}"


@wrong("ps07-3", "no-stop")
def open_end(**case):
    return sentence(**case, form="{A} {who} is {does}{way}{where}")


@wrong("ps07-3", "no-is")
def telegram(**case):
    return sentence(**case, form="{A} {who} {does}{way}{where}.")


@wrong("ps07-3", "bare-verb")
def base_form(**case):
    return sentence(**case, form="{A} {who} is {verb}{way}{where}.")


@wrong("ps07-3", "always-on")
def on_the_sky(verb, roles, words, prepositions):
    return sentence(verb, roles, words, dict.fromkeys(prepositions, "on"))


@right("ps07-4")
def cell_by_cell(scenes, labels):
    numbers = np.zeros((len(scenes), len(labels)))
    for row, frames in enumerate(scenes):
        for verb, roles in frames:
            for label in [("verb", verb), *roles]:
                if label in labels:
                    numbers[row, labels.index(label)] = 1
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
    column = {label: number for number, label in enumerate(labels)}
    rows = []
    for frames in scenes:
        row = [0] * len(labels)
        for verb, roles in frames:
            for pair in (("verb", verb), *roles):
                if column.get(pair) is not None:
                    row[column[pair]] = 1
        rows.append(row)
    return rows


@wrong("ps07-4", "counted")
def added_up(scenes, labels):
    numbers = np.zeros((len(scenes), len(labels)))
    for row, frames in enumerate(scenes):
        for verb, roles in frames:
            for label in [("verb", verb), *roles]:
                if label in labels:
                    numbers[row, labels.index(label)] += 1
    return numbers


@wrong("ps07-4", "first-thing")
def only_the_first(scenes, labels):
    return cell_by_cell([frames[:1] for frames in scenes], labels)


@wrong("ps07-4", "last-thing")
def row_overwritten(scenes, labels):
    numbers = np.zeros((len(scenes), len(labels)))
    for row, frames in enumerate(scenes):
        for frame in frames:
            numbers[row] = cell_by_cell([[frame]], labels)[0]
    return numbers


@wrong("ps07-4", "no-verbs")
def nouns_alone(scenes, labels):
    return cell_by_cell([[("", roles) for _, roles in frames] for frames in scenes], labels)


@wrong("ps07-4", "verbs-alone")
def no_nouns(scenes, labels):
    return cell_by_cell([[(verb, []) for verb, _ in frames] for frames in scenes], labels)


@wrong("ps07-4", "in-any-role")
def by_the_word(scenes, labels):
    words = [{verb for verb, _ in frames} | {one for _, roles in frames for _, one in roles} for frames in scenes]
    return np.array([[float(value in one) for _, value in labels] for one in words])


@wrong("ps07-4", "shares")
def for_each_thing(scenes, labels):
    return added_up(scenes, labels) / np.array([[max(1, len(frames))] for frames in scenes])


@wrong("ps07-4", "all-scenes")
def one_row_for_all(scenes, labels):
    return cell_by_cell([[frame for frames in scenes for frame in frames]] * len(scenes), labels)


@wrong("ps07-4", "the-others")
def exchanged(scenes, labels):
    return (cell_by_cell(scenes, labels) == 0).astype(float)


@wrong("ps07-4", "wrong-shape")
def turned(scenes, labels):
    return cell_by_cell(scenes, labels).T[:, :1]


def painted(boxes, side, order):
    picture = [[None] * side for _ in range(side)]
    for number in order:
        left, top, right, bottom = boxes[number]
        for row in range(top, bottom):
            for column in range(left, right):
                picture[row][column] = number
    return [sum(line.count(number) for line in picture) for number in range(len(boxes))]


@right("ps07-5")
def pixel_by_pixel(boxes, side):
    return np.array(painted(boxes, side, range(len(boxes)))) / side**2


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


@wrong("ps07-5", "nothing-hidden")
def whole_boxes(boxes, side):
    return areas(boxes) / side**2


@wrong("ps07-5", "far-before-near")
def near_first(boxes, side):
    return np.array(painted(boxes, side, range(len(boxes) - 1, -1, -1))) / side**2


def taken_off(boxes, side, last):
    found = areas(boxes).astype(float)
    for one in range(len(boxes)):
        for other in range(one + 1, min(len(boxes), last(one))):
            wide = min(boxes[one][2], boxes[other][2]) - max(boxes[one][0], boxes[other][0])
            high = min(boxes[one][3], boxes[other][3]) - max(boxes[one][1], boxes[other][1])
            if wide > 0 and high > 0:
                found[one] -= wide * high
    return found / side**2


@wrong("ps07-5", "hidden-twice")
def pair_by_pair(boxes, side):
    return taken_off(boxes, side, lambda one: len(boxes))


@wrong("ps07-5", "next-only")
def neighbour(boxes, side):
    return taken_off(boxes, side, lambda one: one + 2)


@wrong("ps07-5", "one-pixel-more")
def ends_included(boxes, side):
    wider = [(left, top, min(side, right + 1), min(side, bottom + 1)) for left, top, right, bottom in boxes]
    return np.array(painted(wider, side, range(len(boxes)))) / side**2


@wrong("ps07-5", "share-of-itself")
def of_its_own(boxes, side):
    return np.array(painted(boxes, side, range(len(boxes)))) / areas(boxes)


@wrong("ps07-5", "pixels")
def not_divided(boxes, side):
    return np.array(painted(boxes, side, range(len(boxes))), float)


@wrong("ps07-5", "by-the-side")
def one_side(boxes, side):
    return np.array(painted(boxes, side, range(len(boxes)))) / side


@wrong("ps07-5", "of-what-is-covered")
def normalised(boxes, side):
    pixels = np.array(painted(boxes, side, range(len(boxes))))
    return pixels / pixels.sum()


@wrong("ps07-5", "widths-for-edges")
def width_and_height(boxes, side):
    wider = [(x, y, min(side, x + w), min(side, y + h)) for x, y, w, h in boxes]
    return np.array(painted(wider, side, range(len(boxes)))) / side**2
