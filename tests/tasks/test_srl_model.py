"""The network of lesson 07: its slots, its frames, given verbs, and what is refused."""

import numpy as np
import pytest
from networks import srl_model
from scipy.special import log_softmax

from vistext import scenes
from vistext.nn import weights
from vistext.scenes import language
from vistext.scenes.language import ROLES
from vistext.tasks import captioning, srl
from vistext.tasks.srl.model import END, MAX_FRAMES, NONE, PAD, START, VERBS, WORDS

GRIDS = np.random.default_rng(0).normal(size=(5, 64, 8)).astype("float32")
KINDS = ("airplane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
PLACES = ("floor", "mat", "box", "table", "grass", "road", "pavement", "quay", "water", "sky")
PICTURES = scenes.draw_many(scenes.sample(3, 3, "val")).pictures


@pytest.fixture
def model():
    return srl_model()


@pytest.fixture
def network():
    return srl_model().network


def number(word):
    return WORDS.index(word)


def test_words_and_roles_are_those_of_the_drawn_world():
    seen = {
        (one.verb, role, value)
        for s in scenes.sample(400, 1)
        for one in language.frames(s)
        for role, value in one.roles
    }
    assert {verb for verb, _, _ in seen} == set(VERBS)
    assert {value for _, _, value in seen} | set(VERBS) | {"<pad>", "<start>", "<end>", "<none>"} == set(WORDS)
    assert len(set(WORDS)) == len(WORDS)


def test_slots_hold_the_frames_from_left_to_right():
    ends = 0
    for scene in scenes.sample(60, 4):
        ids, ordered = srl.model.linearize(scene)
        middles = [scene.objects[one.obj].box.middle for one in ordered]
        assert middles == sorted(middles)
        assert sorted(one.obj for one in ordered) == list(range(len(scene.objects)))
        assert len(ids) == MAX_FRAMES
        for place, one in enumerate(ordered):
            verb, obj, way, where = (WORDS[each] for each in ids[4 * place : 4 * place + 4])
            values = dict(one.roles)
            assert (verb, where) == (one.verb, values["place"])
            assert obj in (values.get("agent"), values.get("item"))
            assert way == values.get("direction", "<none>")
        rest = ids[4 * len(ordered) :]
        assert rest == [END, *[PAD] * (len(rest) - 1)][: len(rest)]
        ends += END in ids
    assert 0 < ends < 60


def allowed(place, before, verb):
    """What may stand in a slot, written a second time."""
    if before in (END, PAD):
        return {PAD}
    kind = place % 4
    if kind == 0:
        return {number(word) for word in VERBS} | ({END} if place else set())
    if kind == 1:
        return set(map(number, KINDS))
    if kind == 2:
        return {number("left"), number("right")} if "direction" in ROLES[WORDS[verb]] else {NONE}
    return set(map(number, PLACES))


def test_generated_fillers_are_the_most_probable_of_the_allowed_ones(network):
    slots = srl.model.generate(network, GRIDS)
    before = np.concatenate([np.full((5, 1), START), slots.ids[:, :-1]], axis=1).astype("int32")
    outputs = np.asarray(network([GRIDS, before]))
    for row in range(5):
        verb = PAD
        for place in range(MAX_FRAMES):
            may = sorted(allowed(place, before[row, place], verb))
            logs = log_softmax(outputs[row, place, may].astype("float64"))
            assert slots.ids[row, place] == may[int(logs.argmax())]
            assert slots.log_probabilities[row, place, may] == pytest.approx(logs, abs=1e-3)
            verb = slots.ids[row, place] if place % 4 == 0 else verb
        there = np.isin(slots.ids[row, ::4], [number(verb) for verb in VERBS])
        sizes = np.where(there, np.exp(outputs[row, 3::4, -1]), 0)
        assert slots.areas[row] == pytest.approx(sizes, rel=1e-3)
        assert slots.boxes[row][there] == pytest.approx(outputs[row, 3::4, len(WORDS) : -1][there], abs=1e-4)


def test_frames_are_ordered_by_visible_area_and_have_the_roles_and_probability_of_their_slots(model):
    slots = srl.model.generate(model.network, GRIDS)
    chosen = np.take_along_axis(slots.log_probabilities, slots.ids[..., None], axis=2)[..., 0]
    for row, frames in enumerate(model.frames_of_features(GRIDS)):
        order = np.argsort(-slots.areas[row], kind="stable")[: len(frames)]
        assert [frame.area for frame in frames] == slots.areas[row][order].tolist()
        assert not slots.areas[row].sum() > sum(frame.area for frame in frames) + 1e-6
        for frame, number in zip(frames, order, strict=True):
            assert tuple(role for role, _ in frame.roles) == ROLES[frame.verb]
            assert frame.obj == srl.model.OBJECTS[frame.kind]
            assert frame.probability == pytest.approx(np.exp(chosen[row, 4 * number : 4 * number + 4].sum()), rel=1e-3)
    grids = captioning.model.encode_images(model.image_encoder, PICTURES)
    assert [len(row) for row in model.frames(PICTURES)] == [len(row) for row in model.frames_of_features(grids)]
    frame.box[:] = [0.5, 0.25, 0.75, 0.25]
    assert frame.edges(64).tolist() == [32, 16, 64, 32]  # in pixels, within the picture


def test_objects_of_the_same_visible_area_are_as_probably_the_most_prominent():
    logs = np.full((1, MAX_FRAMES, len(WORDS)), -50.0, "float32")
    for place, verb in ((0, "sit"), (4, "run"), (8, "fly")):
        logs[0, place, number(verb)] = 0
    slots = srl.model.GeneratedSlots(
        np.zeros((1, MAX_FRAMES), int), logs, np.zeros((1, 4, 4)), np.array([[0.2, 0.2, 0.1, 0]])
    )
    shares = np.exp(srl.model._of_most_prominent(slots)).sum(axis=1)[0]
    assert shares.sum() == pytest.approx(1)
    assert [shares[VERBS.index(verb)] for verb in ("sit", "run")] == pytest.approx([0.5, 0.5], abs=1e-4)
    assert shares[VERBS.index("fly")] < 1e-4


def test_given_verbs_are_taken_and_decide_the_roles(model):
    for verb in ("run", "sit", "park"):
        for frame in model.with_gold_verb(GRIDS, [verb] * 5):
            assert (frame.verb, tuple(role for role, _ in frame.roles)) == (verb, ROLES[verb])
    predicted = model.frames_of_features(GRIDS)
    verbs = [VERBS[number] for number in model.verbs(GRIDS).argmax(axis=1)]
    for frames, frame in zip(predicted, model.with_gold_verb(GRIDS, verbs), strict=True):
        same_verb = [other.roles for other in frames if other.verb == frame.verb]
        assert not same_verb or frame.roles in same_verb  # what is predicted anyway changes nothing
    wanted = [["run"], ["sit", "sit"], ["fly", "park", "walk"], ["swim", "sail", "drive", "anchor"], ["lie"]]
    found = model.with_gold_verbs(GRIDS, wanted)
    assert [[frame.verb for frame in each] for each in found] == wanted


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda model: model.with_gold_verb(GRIDS, ["dance"] * 5), "a verb is one of: sit, .*'dance'"),
        (lambda model: model.with_gold_verb(GRIDS, ["sit"]), "1 verbs for 5 pictures"),
        (lambda model: model.with_gold_verb(GRIDS, "sits!"), "5 verbs for 5 pictures"),
        (lambda model: model.with_gold_verbs(GRIDS, [["sit"]]), "1 lists of verbs for 5 pictures"),
        (lambda model: model.with_gold_verbs(GRIDS[:1], [[]]), "0 verbs for a picture; accepted: 1 to 4"),
        (lambda model: model.with_gold_verbs(GRIDS[:1], [["dance"]]), "a verb is one of"),
        (lambda model: model.frames_of_features(GRIDS[:, :9]), r"grids have shape \[5, 9, 8\]; accepted: \[n, 64, 8\]"),
        (lambda model: srl.model.generate(model.network, GRIDS, np.zeros((5, 3))), r"accepted: \[5, 4\]"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_remedy(model, attempt, message):
    with pytest.raises(ValueError, match=message):
        attempt(model)


def test_the_shipped_network_finds_the_frame_of_the_course_s_scene():
    assert tuple(weights.card("srl")["words"]) == WORDS
    model, course = srl.model.load(), scenes.course_scene()
    [[frame]] = model.frames(scenes.draw_many([course]).pictures)
    assert (frame.verb, frame.roles) == ("sit", (("agent", "cat"), ("place", "floor")))
    assert language.evaluate(language.render_frame(frame.verb, frame.roles), course)
    large = scenes.draw(course, 300).picture
    assert model.frames(large[np.newaxis])[0][0].verb == "sit"
