"""Answers to problem set 0, as students write them."""

from bisect import bisect_left
from collections import defaultdict
from fractions import Fraction
from heapq import nlargest
from itertools import accumulate

import numpy as np
from answers import BARELY_WRONG, RIGHT, WRONG, values, vary
from skimage.measure import label, regionprops


def by_two_loops(findings, states=("mend", "optional"), text="{subject}: {remedy}"):
    lines = []
    for state in states:
        for finding in findings:
            if finding["state"] == state:
                lines.append(text.format(**finding))
    return lines


def by_a_stable_sort(findings):
    order = {"mend": 0, "optional": 1}
    chosen = [finding for finding in findings if finding["state"] in order]
    chosen.sort(key=lambda finding: order[finding["state"]])
    return [f"{finding['subject']}: {finding['remedy']}" for finding in chosen]


def grouped_by_state(findings):
    groups = defaultdict(list)
    for finding in findings:
        groups[finding["state"]].append(": ".join([finding["subject"], finding["remedy"]]))
    return groups["mend"] + groups["optional"]


RIGHT["ps00-1"] = [by_two_loops, by_a_stable_sort, grouped_by_state]
BARELY_WRONG["ps00-1"] = {
    "each once": lambda findings: list(dict.fromkeys(by_two_loops(findings))),
    "a text for one": lambda findings: lines if len(lines := by_two_loops(findings)) != 1 else lines[0],
}
WRONG["ps00-1"] = {
    "as-they-come": lambda findings: [line for finding in findings for line in by_two_loops([finding])],
    "only-mend": vary(by_two_loops, states=["mend"]),
    "optional-first": vary(by_two_loops, states=["optional", "mend"]),
    "all-of-them": vary(by_two_loops, states=["mend", "optional", "ready"]),
    "in-order-of-abc": lambda findings: by_two_loops(sorted(findings, key=lambda found: found["subject"])),
    "subjects-only": lambda findings: [line.split(":")[0] for line in by_two_loops(findings)],
    "remedies-only": lambda findings: [line.split(": ")[1] for line in by_two_loops(findings)],
    "from-the-end": lambda findings: by_two_loops(findings[::-1]),
    "returns-nothing": lambda findings: print(*by_two_loops(findings)),
    "stopped": lambda findings: [finding.subject for finding in findings],
}

values(
    "ps00-2",
    right=[3072, 3072.0, np.prod((32, 32, 3)), Fraction(3072)],
    wrong={"other": 3000, "wrong-shape": (32, 32, 3)},
)


def by_the_library(mask):
    found = regionprops(mask.astype(int))
    return list(found[0].bbox) if found else None


def by_rows_and_columns(mask, begin=0, end=1):
    if not mask.any():
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return np.array([rows[0] + begin, columns[0] + begin, rows[-1] + end, columns[-1] + end], float)


def pixel_by_pixel(mask):
    box = None
    for row, line in enumerate(mask):
        for column, there in enumerate(line):
            if there:
                top, left, bottom, right = box or (row, column, 0, 0)
                box = (min(top, row), min(left, column), max(bottom, row + 1), max(right, column + 1))
    return box


def arranged(arrange):
    """A box that is wrong by how its numbers are arranged, around whatever there is."""
    return lambda mask: None if (box := by_rows_and_columns(mask)) is None else arrange(*box.tolist())


RIGHT["ps00-3"] = [by_the_library, by_rows_and_columns, pixel_by_pixel]
BARELY_WRONG["ps00-3"] = {
    "the first blob": lambda mask: list(blobs[0].bbox) if (blobs := regionprops(label(mask))) else None,
    "none at the top edge": arranged(lambda top, *more: [top, *more] if top else None),
    "none around one pixel": lambda mask: by_rows_and_columns(mask) if mask.sum() > 1 else None,
    "stays inside": lambda mask: (
        np.minimum(by_rows_and_columns(mask), [*mask.shape, *np.subtract(mask.shape, 1)]) if mask.any() else None
    ),
    "each number once": arranged(lambda *box: list(dict.fromkeys(box))),
}
WRONG["ps00-3"] = {
    "last-one-out": vary(by_rows_and_columns, end=0),
    "columns-first": arranged(lambda top, left, bottom, right: [left, top, right, bottom]),
    "sizes": arranged(lambda top, left, bottom, right: [top, left, bottom - top, right - left]),
    "pairs": arranged(lambda top, left, bottom, right: [top, bottom, left, right]),
    "one-too-wide": vary(by_rows_and_columns, begin=-1, end=2),
    "first-and-last": lambda mask: [*at[0], *(at[-1] + 1)] if len(at := np.argwhere(mask)) else None,
    "around-nothing": lambda mask: by_rows_and_columns(mask) if mask.any() else [0, 0, 0, 0],
    "fails-on-nothing": lambda mask: [*np.min(np.where(mask), axis=1), *(np.max(np.where(mask), axis=1) + 1)],
    "returns-nothing": lambda mask: None,
}


def article(tag):
    return "an " + tag if tag[0] in "aeiou" else "a " + tag


def by_sorting(probabilities, *, rank=-1, ranked=None, sure=0.5, name=article, percent="{:.0%}", most=2):
    ranked = ranked or sorted(probabilities, key=lambda tag: rank * probabilities[tag])
    words = [f"{name(tag)} ({percent.format(probabilities[tag]).replace('%', ' %')})" for tag in ranked[:most]]
    return f"This is {words[0]}." if probabilities[ranked[0]] >= sure else f"This may be {' or '.join(words)}."


def by_taking_the_largest_out(probabilities):
    left, words = dict(probabilities), []
    for _ in range(2):
        tag = max(left, key=left.get)
        chance = left.pop(tag)
        words.append(article(tag) + " (" + str(int(round(chance, 2) * 100 + 0.5)) + " %)")
        if chance >= 0.5:
            return "This is " + words[0] + "."
    return "This may be " + " or ".join(words) + "."


def by_the_library_s_largest(probabilities):
    first, second = nlargest(2, probabilities, key=probabilities.get)
    if probabilities[first] >= 0.5:
        return f"This is {article(first)} ({100 * probabilities[first]:.0f} %)."
    chances = [int(np.round(100 * probabilities[tag])) for tag in (first, second)]
    return f"This may be {article(first)} ({chances[0]} %) or {article(second)} ({chances[1]} %)."


def rounded_by(function):
    """Percentages that another function than round makes whole."""
    return lambda probabilities: by_sorting({tag: function(100 * p) / 100 for tag, p in probabilities.items()})


RIGHT["ps00-4"] = [by_sorting, by_taking_the_largest_out, by_the_library_s_largest]
BARELY_WRONG["ps00-4"] = {
    "sure by its percentage": vary(by_sorting, sure=0.495),
    "an before three vowels": vary(by_sorting, name=lambda tag: ("an " if tag[0] in "aei" else "a ") + tag),
    "the next as given": lambda probabilities: by_sorting(
        probabilities, ranked=list({max(probabilities, key=probabilities.get): 0} | probabilities)
    ),
    "rounded up": rounded_by(np.ceil),
}
WRONG["ps00-4"] = {
    "as-given": vary(by_sorting, rank=0),
    "least-likely": vary(by_sorting, rank=1),
    "one-article": vary(by_sorting, name="a {}".format),
    "cut": rounded_by(np.floor),
    "fractions": vary(by_sorting, percent="{}%"),
    "always-sure": vary(by_sorting, sure=0),
    "never-sure": vary(by_sorting, sure=2),
    "other-way-round": lambda probabilities: by_sorting(
        probabilities, sure=0 if max(probabilities.values()) < 0.5 else 2
    ),
    "even-is-not-enough": vary(by_sorting, sure=np.nextafter(0.5, 1)),
    "one-only": vary(by_sorting, most=1),
}


def by_trying_each(sure, right, wanted, *, order=sorted, named=float.__ge__, share=lambda right, *more: np.mean(right)):
    for least in order(sure):
        chosen = [pair for pair in zip(right, sure, strict=True) if named(pair[1], least)]
        if chosen and share(*zip(*chosen, strict=True), sure) >= wanted:
            return least
    return None


def by_counting_down(sure, right, wanted):
    order = np.argsort(sure)[::-1]
    shares = np.cumsum(np.array(right)[order]) / np.arange(1, len(right) + 1)
    enough = np.flatnonzero(shares >= wanted)
    return np.array(sure)[order][enough[-1]] if len(enough) else None


def by_adding_up(sure, right, wanted):
    found = None
    pairs = sorted(zip(sure, right, strict=True), reverse=True)
    for count, (hits, (one, _)) in enumerate(zip(accumulate(truth for _, truth in pairs), pairs, strict=True), start=1):
        found = one if hits >= wanted * count else found
    return found


def by_halving(sure, right, wanted):
    sure, right = np.array(sure), np.array(right)
    place = bisect_left([right[sure >= least].mean() for least in np.sort(sure)], wanted)
    return sorted(sure)[place] if place < len(sure) else None


def until_it_fails(sure, right, wanted):
    found, hits = None, 0
    for count, (certainty, truth) in enumerate(sorted(zip(sure, right, strict=True), reverse=True), start=1):
        hits += truth
        if hits / count < wanted:
            return found
        found = certainty
    return found


RIGHT["ps00-5"] = [by_trying_each, by_counting_down, by_adding_up]
BARELY_WRONG["ps00-5"] = {
    "the first as given": vary(by_trying_each, order=list),
    "by halving": by_halving,
    "never all of them": lambda sure, **c: found if (found := by_trying_each(sure, **c)) != min(sure) else None,
    "never the surest alone": lambda sure, **c: found if (found := by_trying_each(sure, **c)) != max(sure) else None,
}
WRONG["ps00-5"] = {
    "from-the-top": until_it_fails,
    "highest": vary(by_trying_each, order=lambda sure: sorted(sure)[::-1]),
    "above-only": vary(by_trying_each, named=float.__gt__),
    "of-all": vary(by_trying_each, share=lambda right, sure, every: sum(right) / len(every)),
    "more-than-wanted": vary(by_trying_each, wanted=lambda wanted: np.nextafter(wanted, 2)),
    "by-how-sure": vary(by_trying_each, share=lambda right, sure, every: np.mean(sure)),
    "wanted-itself": lambda sure, right, wanted: min((each for each in sure if each >= wanted), default=None),
    "silent-as-one": lambda **c: 1 if by_trying_each(**c) is None else by_trying_each(**c),
}
