"""Answers to problem set 0, as students write them."""

from bisect import bisect_left
from collections import defaultdict
from fractions import Fraction
from heapq import nlargest
from itertools import accumulate

import numpy as np
from answers import barely_wrong, right, values, wrong
from skimage.measure import label, regionprops


def line(finding):
    return finding["subject"] + ": " + finding["remedy"]


@right("ps00-1")
def by_two_loops(findings):
    lines = []
    for state in ["mend", "optional"]:
        for finding in findings:
            if finding["state"] == state:
                lines.append(line(finding))
    return lines


@right("ps00-1")
def by_a_stable_sort(findings):
    order = {"mend": 0, "optional": 1}
    return [line(one) for one in sorted(findings, key=lambda one: order.get(one["state"], 2)) if one["state"] in order]


@right("ps00-1")
def in_two_parts(findings):
    mend = [finding for finding in findings if finding["state"] == "mend"]
    optional = filter(lambda finding: finding["state"] == "optional", findings)
    return list(map(line, [*mend, *optional]))


@right("ps00-1")
def grouped_by_state(findings):
    groups = defaultdict(list)
    for finding in findings:
        groups[finding["state"]].append("{subject}: {remedy}".format(**finding))
    return groups["mend"] + groups["optional"]


@barely_wrong("ps00-1")
def each_once(findings):
    return list(dict.fromkeys(by_two_loops(findings)))


@barely_wrong("ps00-1")
def a_text_if_there_is_only_one(findings):
    lines = by_two_loops(findings)
    return lines[0] if len(lines) == 1 else lines


@wrong("ps00-1", "as-they-come")
def in_the_order_of_the_doctor(findings):
    return [line(one) for one in findings if one["state"] in ("mend", "optional")]


@wrong("ps00-1", "only-mend")
def what_is_amiss(findings):
    return [line(one) for one in findings if one["state"] == "mend"]


@wrong("ps00-1", "optional-first")
def sorted_the_other_way(findings):
    chosen = [one for one in findings if one["state"] != "ready"]
    return [line(one) for one in sorted(chosen, key=lambda one: one["state"], reverse=True)]


@wrong("ps00-1", "all-of-them")
def with_what_is_ready(findings):
    return [line(one) for state in ("mend", "optional", "ready") for one in findings if one["state"] == state]


@wrong("ps00-1", "in-order-of-abc")
def sorted_by_state_and_name(findings):
    chosen = [one for one in findings if one["state"] != "ready"]
    return [line(one) for one in sorted(chosen, key=lambda one: (one["state"], line(one)))]


@wrong("ps00-1", "subjects-only")
def no_remedies(findings):
    return [text.split(":")[0] for text in by_two_loops(findings)]


@wrong("ps00-1", "remedies-only")
def no_subjects(findings):
    return [text.split(": ")[1] for text in by_two_loops(findings)]


@wrong("ps00-1", "from-the-end")
def inserted_in_front(findings):
    mend, optional = [], []
    for finding in findings:
        if finding["state"] == "mend":
            mend.insert(0, line(finding))
        elif finding["state"] == "optional":
            optional.insert(0, line(finding))
    return mend + optional


@wrong("ps00-1", "returns-nothing")
def prints_them(findings):
    for text in by_two_loops(findings):
        print(text)


@wrong("ps00-1", "stopped")
def as_attributes(findings):
    return [one.subject for one in findings]


values(
    "ps00-2",
    right={"as an integer": 3072, "as a float": 3072.0, "NumPy's": np.prod((32, 32, 3)), "exact": Fraction(3072)},
    wrong={
        "pixels": 1024,
        "whole-picture": 36_000_000,
        "whole-pixels": 12_000_000,
        "square": 27_000_000,
        "square-pixels": 9_000_000,
        "four-colours": 4096,
        "sides": 192,
        "squeezed": 2304,
        "other": 3000,
        "wrong-shape": (32, 32, 3),
    },
)


@right("ps00-3")
def by_the_library(mask):
    found = regionprops(mask.astype(int))
    return list(found[0].bbox) if found else None


@right("ps00-3")
def by_rows_and_columns(mask):
    if not mask.any():
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return np.array([rows[0], columns[0], rows[-1] + 1, columns[-1] + 1])


@right("ps00-3")
def pixel_by_pixel(mask):
    box = None
    for row, line in enumerate(mask):
        for column, there in enumerate(line):
            if there and box is None:
                box = (row, column, row + 1, column + 1)
            elif there:
                box = (min(box[0], row), min(box[1], column), max(box[2], row + 1), max(box[3], column + 1))
    return box


@right("ps00-3")
def by_corners_of_all_pixels(mask):
    pixels = np.argwhere(mask)
    return None if pixels.size == 0 else np.concatenate([pixels.min(axis=0), pixels.max(axis=0) + 1]).astype(float)


@barely_wrong("ps00-3")
def of_the_first_blob(mask):
    blobs = regionprops(label(mask))
    return list(blobs[0].bbox) if blobs else None


@barely_wrong("ps00-3")
def no_box_at_the_top_edge(mask):
    box = by_rows_and_columns(mask)
    return None if box is None or not box[0] else box


@barely_wrong("ps00-3")
def no_box_around_one_pixel(mask):
    return by_rows_and_columns(mask) if mask.sum() > 1 else None


@barely_wrong("ps00-3")
def stays_in_the_picture(mask):
    box = by_rows_and_columns(mask)
    return None if box is None else np.minimum(box, [*mask.shape, *(np.array(mask.shape) - 1)])


@barely_wrong("ps00-3")
def each_number_once(mask):
    box = by_rows_and_columns(mask)
    return None if box is None else list(dict.fromkeys(box.tolist()))


def edges(mask):
    rows, columns = np.where(mask)
    return (min(rows), min(columns), max(rows), max(columns)) if len(rows) else None


@wrong("ps00-3", "last-one-out")
def to_the_last_pixel(mask):
    return edges(mask)


@wrong("ps00-3", "columns-first")
def as_x_and_y(mask):
    if edges(mask) is None:
        return None
    top, left, bottom, right = edges(mask)
    return [left, top, right + 1, bottom + 1]


@wrong("ps00-3", "sizes")
def with_height_and_width(mask):
    if edges(mask) is None:
        return None
    top, left, bottom, right = edges(mask)
    return [top, left, bottom - top + 1, right - left + 1]


@wrong("ps00-3", "pairs")
def rows_then_columns(mask):
    if edges(mask) is None:
        return None
    top, left, bottom, right = edges(mask)
    return [top, bottom + 1, left, right + 1]


@wrong("ps00-3", "one-too-wide")
def with_a_rim(mask):
    if edges(mask) is None:
        return None
    top, left, bottom, right = edges(mask)
    return [top - 1, left - 1, bottom + 2, right + 2]


@wrong("ps00-3", "first-and-last")
def between_two_pixels(mask):
    pixels = np.argwhere(mask)
    return [*pixels[0], *(pixels[-1] + 1)] if len(pixels) else None


@wrong("ps00-3", "around-nothing")
def zeros_around_nothing(mask):
    box = by_rows_and_columns(mask)
    return [0, 0, 0, 0] if box is None else box


@wrong("ps00-3", "fails-on-nothing")
def without_looking(mask):
    rows, columns = np.where(mask)
    return rows.min(), columns.min(), rows.max() + 1, columns.max() + 1


@wrong("ps00-3", "returns-nothing")
def forgets_to_return(mask):
    by_rows_and_columns(mask)


def article(tag):
    return "an " + tag if tag[0] in "aeiou" else "a " + tag


@right("ps00-4")
def by_sorting_pairs(probabilities):
    (tag, first), (other, second), *_ = sorted(probabilities.items(), key=lambda pair: pair[1], reverse=True)
    if first >= 0.5:
        return f"This is {article(tag)} ({100 * first:.0f} %)."
    return f"This may be {article(tag)} ({100 * first:.0f} %) or {article(other)} ({100 * second:.0f} %)."


@right("ps00-4")
def by_taking_the_largest_out(probabilities):
    left = dict(probabilities)
    words = []
    for _ in range(2):
        tag = max(left, key=left.get)
        chance = left.pop(tag)
        words.append(article(tag) + " (" + str(int(round(chance, 2) * 100 + 0.5)) + " %)")
        if chance >= 0.5:
            return "This is " + words[0] + "."
    return "This may be " + " or ".join(words) + "."


@right("ps00-4")
def by_the_library_s_largest(probabilities):
    best = nlargest(2, probabilities, key=probabilities.get)
    words = [f"{article(tag)} ({probabilities[tag]:.0%})".replace("%", " %") for tag in best]
    return f"This is {words[0]}." if probabilities[best[0]] >= 0.5 else f"This may be {words[0]} or {words[1]}."


@right("ps00-4")
def by_numpy(probabilities):
    tags, chances = np.array(list(probabilities)), np.array(list(probabilities.values()))
    order = np.argsort(chances)[::-1]
    words = [f"{article(str(tags[one]))} ({int(np.round(100 * chances[one]))} %)" for one in order[:2]]
    return f"This {'is' if chances.max() >= 0.5 else 'may be'} {' or '.join(words[: 1 + (chances.max() < 0.5)])}."


@barely_wrong("ps00-4")
def sure_by_its_percentage(probabilities):
    sure = round(100 * best(probabilities)) >= 50
    return told(probabilities, ranking(probabilities), sure)


@barely_wrong("ps00-4")
def an_before_three_vowels(probabilities):
    sure = best(probabilities) >= 0.5
    return told(
        probabilities, ranking(probabilities), sure, name=lambda tag: ("an " if tag[0] in "aei" else "a ") + tag
    )


@barely_wrong("ps00-4")
def the_next_as_given(probabilities):
    first = ranking(probabilities)[0]
    ranked = [first, *(tag for tag in probabilities if tag != first)]
    return told(probabilities, ranked, best(probabilities) >= 0.5)


@barely_wrong("ps00-4")
def rounded_up(probabilities):
    number = "{} %".format
    ranked, sure = ranking(probabilities), best(probabilities) >= 0.5
    return told(probabilities, ranked, sure, number=lambda chance: number(int(np.ceil(100 * chance))))


def told(probabilities, ranked, sure, *, name=article, number=lambda chance: f"{round(chance * 100)} %", one=False):
    words = [f"{name(tag)} ({number(probabilities[tag])})" for tag in ranked[:2]]
    if sure:
        return f"This is {words[0]}."
    return f"This may be {words[0]}." if one else f"This may be {words[0]} or {words[1]}."


def ranking(probabilities):
    return sorted(probabilities, key=probabilities.get)[::-1]


def best(probabilities):
    return max(probabilities.values())


@wrong("ps00-4", "as-given")
def the_first_that_is_given(probabilities):
    ranked = list(probabilities)
    return told(probabilities, ranked, probabilities[ranked[0]] >= 0.5)


@wrong("ps00-4", "least-likely")
def sorted_upwards(probabilities):
    ranked = ranking(probabilities)[::-1]
    return told(probabilities, ranked, probabilities[ranked[0]] >= 0.5)


@wrong("ps00-4", "one-article")
def always_a(probabilities):
    return told(probabilities, ranking(probabilities), best(probabilities) >= 0.5, name=lambda tag: "a " + tag)


@wrong("ps00-4", "cut")
def whole_numbers_by_int(probabilities):
    number = "{} %".format
    return told(
        probabilities,
        ranking(probabilities),
        best(probabilities) >= 0.5,
        number=lambda chance: number(int(chance * 100)),
    )


@wrong("ps00-4", "fractions")
def as_they_are(probabilities):
    return told(probabilities, ranking(probabilities), best(probabilities) >= 0.5, number=lambda chance: f"{chance} %")


@wrong("ps00-4", "always-sure")
def without_a_doubt(probabilities):
    return told(probabilities, ranking(probabilities), True)


@wrong("ps00-4", "never-sure")
def with_a_doubt(probabilities):
    return told(probabilities, ranking(probabilities), False)


@wrong("ps00-4", "other-way-round")
def smaller_is_surer(probabilities):
    return told(probabilities, ranking(probabilities), best(probabilities) < 0.5)


@wrong("ps00-4", "even-is-not-enough")
def more_than_half(probabilities):
    return told(probabilities, ranking(probabilities), best(probabilities) > 0.5)


@wrong("ps00-4", "one-only")
def without_the_second(probabilities):
    return told(probabilities, ranking(probabilities), best(probabilities) >= 0.5, one=True)


@right("ps00-5")
def by_trying_each(sure, right, wanted):
    for one in sorted(sure):
        named = [truth for certainty, truth in zip(sure, right, strict=True) if certainty >= one]
        if sum(named) / len(named) >= wanted:
            return one
    return None


@right("ps00-5")
def by_counting_down(sure, right, wanted):
    order = np.argsort(sure)[::-1]
    shares = np.cumsum(np.array(right)[order]) / np.arange(1, len(right) + 1)
    enough = np.flatnonzero(shares >= wanted)
    return np.array(sure)[order][enough[-1]] if len(enough) else None


@right("ps00-5")
def the_least_of_all_that_will_do(sure, right, wanted):
    sure, right = np.array(sure), np.array(right)
    return min((float(one) for one in sure if right[sure >= one].mean() >= wanted), default=None)


@right("ps00-5")
def by_adding_up(sure, right, wanted):
    found = None
    pairs = sorted(zip(sure, right, strict=True), reverse=True)
    for count, (hits, (one, _)) in enumerate(zip(accumulate(truth for _, truth in pairs), pairs, strict=True), start=1):
        found = one if hits >= wanted * count else found
    return found


@barely_wrong("ps00-5")
def the_first_as_given(sure, right, wanted):
    for one in sure:
        named = [truth for certainty, truth in zip(sure, right, strict=True) if certainty >= one]
        if sum(named) / len(named) >= wanted:
            return one
    return None


@barely_wrong("ps00-5")
def by_halving(sure, right, wanted):
    def share(one):
        return np.mean([truth for certainty, truth in zip(sure, right, strict=True) if certainty >= one])

    places = sorted(sure)
    place = bisect_left([share(one) for one in places], wanted)
    return places[place] if place < len(places) else None


@barely_wrong("ps00-5")
def never_all_of_them(sure, right, wanted):
    found = by_trying_each(sure, right, wanted)
    return found if found != min(sure) else None


@barely_wrong("ps00-5")
def never_the_surest_alone(sure, right, wanted):
    found = by_trying_each(sure, right, wanted)
    return found if found != max(sure) else None


def in_pairs(sure, right):
    return sorted(zip(sure, right, strict=True), reverse=True)


@wrong("ps00-5", "from-the-top")
def until_it_fails(sure, right, wanted):
    found, hits = None, 0
    for count, (one, truth) in enumerate(in_pairs(sure, right), start=1):
        hits += truth
        if hits / count < wanted:
            return found
        found = one
    return found


@wrong("ps00-5", "highest")
def the_first_from_the_top(sure, right, wanted):
    hits = 0
    for count, (one, truth) in enumerate(in_pairs(sure, right), start=1):
        hits += truth
        if hits / count >= wanted:
            return one
    return None


@wrong("ps00-5", "above-only")
def strictly_above(sure, right, wanted):
    for one in sorted(sure):
        named = [truth for certainty, truth in zip(sure, right, strict=True) if certainty > one]
        if named and sum(named) / len(named) >= wanted:
            return one
    return None


@wrong("ps00-5", "of-all")
def divided_by_all(sure, right, wanted):
    for one in sorted(sure):
        if sum(t for s, t in zip(sure, right, strict=True) if s >= one) / len(sure) >= wanted:
            return one
    return None


@wrong("ps00-5", "more-than-wanted")
def strictly_more(sure, right, wanted):
    for one in sorted(sure):
        named = [truth for certainty, truth in zip(sure, right, strict=True) if certainty >= one]
        if np.mean(named) > wanted:
            return one
    return None


@wrong("ps00-5", "by-how-sure")
def mean_of_promises(sure, right, wanted):
    sure = np.array(sure)
    for one in np.sort(sure):
        if sure[sure >= one].mean() >= wanted:
            return one
    return None


@wrong("ps00-5", "wanted-itself")
def least_that_is_as_sure_as_wanted(sure, right, wanted):
    enough = [one for one in sure if one >= wanted]
    return min(enough) if enough else None


@wrong("ps00-5", "silent-as-one")
def one_where_there_is_none(sure, right, wanted):
    found = by_trying_each(sure, right, wanted)
    return 1 if found is None else found
