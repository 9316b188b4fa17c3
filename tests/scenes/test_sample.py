"""Scenes drawn at random: sensible, the same everywhere, and in splits that share no facts."""

import hashlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vistext.scenes import ontology, sample
from vistext.scenes.sampling import Draws
from vistext.scenes.scene import held_out as held_out_pairings

# Of 300 scenes of each split, by `repr`; from Python 3.10 with NumPy 1.26 and from 3.13 with 2.5.
SHA256 = "36fe0d47a3aef984"

seeds = st.integers(0, 2**40)
some = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def scenes():
    return sample(4000, seed=1)


def test_the_same_seed_gives_the_same_scenes_on_every_machine():
    facts = "\n".join(repr(scene) for split in ontology.SPLITS for scene in sample(300, 7, split))

    assert hashlib.sha256(facts.encode()).hexdigest()[:16] == SHA256


def test_more_scenes_begin_with_the_same_ones_and_other_seeds_and_splits_give_others():
    assert sample(50, 3, "val")[:20] == sample(20, 3, "val")
    assert sample(0, 5, "test") == []
    assert sample(np.int64(2), np.uint8(4)) == sample(2, 4)
    assert len({tuple(sample(5, *which)) for which in ((0, "train"), (1, "train"), (0, "val"), (0, "test"))}) == 4


@pytest.mark.parametrize(
    ("wrong", "error", "complaint"),
    [
        ({"n": -1}, ValueError, "the number of scenes is at least 0; given was -1"),
        ({"n": 1, "seed": -3}, ValueError, "a seed is at least 0; given was -3"),
        ({"n": 1, "split": "training"}, ValueError, "train, val, test, compositional; given was 'training'"),
        ({"n": 2.5}, TypeError, "float"),
        ({"n": 1, "seed": "zero"}, TypeError, "str"),
    ],
)
def test_wrong_requests_are_refused_with_what_is_accepted(wrong, error, complaint):
    with pytest.raises(error, match=complaint):
        sample(**wrong)


@some
@given(seeds=st.tuples(seeds, seeds), splits=st.permutations(ontology.SPLITS))
def test_a_scene_belongs_to_its_split_no_two_share_facts_and_only_one_has_what_is_held_out(seeds, splits):
    drawn = [sample(60, seed, split) for seed, split in zip(seeds, splits, strict=False)]
    for scenes, split in zip(drawn, splits, strict=False):
        assert {scene.split for scene in scenes} == {split}
        for obj in (obj for scene in scenes for obj in scene.objects if split != "compositional"):
            assert obj.place not in ontology.HELD_OUT_PLACES.get(obj.kind, ())
            assert obj.color not in ontology.HELD_OUT_COLORS.get(obj.kind, ())

    assert {scene.facts for scene in drawn[0]}.isdisjoint(scene.facts for scene in drawn[1])


def test_the_compositional_split_shows_every_pairing_that_is_held_out():
    scenes = sample(1500, 2, "compositional")
    held_out = {(kind, place) for kind, places in ontology.HELD_OUT_PLACES.items() for place in places}
    held_out |= {(kind, color) for kind, colors in ontology.HELD_OUT_COLORS.items() for color in colors}

    found = [{pairing for obj in scene.objects for pairing in held_out_pairings(obj.words)} for scene in scenes]
    assert all(found)
    assert set().union(*found) == held_out


def test_its_kinds_places_colors_and_postures_are_each_seen_in_training_too(scenes):
    def words(some_scenes, which):
        return {obj.words[which] for scene in some_scenes for obj in scene.objects}

    composed = sample(1500, 2, "compositional")
    for which in range(5):
        assert words(composed, which) <= words(scenes, which)


@some
@given(seed=seeds, split=st.sampled_from(ontology.SPLITS))
def test_relations_hold_both_ways_round_and_never_against_each_other(seed, split):
    inverse = {"left of": "right of", "above": "below", "in front of": "behind"}
    inverse |= {other: one for one, other in inverse.items()}
    for scene in sample(20, seed, split):
        found = {(one.subject, one.name, one.object) for one in scene.relations}
        for subject, name, other in found:
            assert (other, inverse[name], subject) in found
            assert (subject, inverse[name], other) not in found


def test_every_kind_is_about_equally_frequent(scenes):
    counts = Counter(obj.kind for scene in scenes for obj in scene.objects)

    assert set(counts) == set(ontology.KINDS)
    assert max(counts.values()) < 1.5 * min(counts.values())


def test_one_to_four_things_both_sizes_both_times_and_every_setting_are_common(scenes):
    share = 1 / len(scenes)
    counts = Counter(len(scene.objects) for scene in scenes)
    sizes = Counter(obj.size for scene in scenes for obj in scene.objects)

    assert set(counts) == {1, 2, 3, 4}
    assert min(counts.values()) * share > 0.05
    assert min(sizes.values()) > sum(sizes.values()) / 4
    assert 0.45 < sum(scene.time == "night" for scene in scenes) * share < 0.55
    assert min(Counter(scene.setting for scene in scenes).values()) * share > 0.03


def test_every_posture_of_every_kind_every_place_and_every_relation_occurs(scenes):
    postures = {(obj.kind, obj.posture) for scene in scenes for obj in scene.objects}
    places = {obj.place for scene in scenes for obj in scene.objects}
    relations = Counter(relation.name for scene in scenes for relation in scene.relations)

    assert postures == {(kind, posture) for kind, able in ontology.POSTURES.items() for posture in able}
    assert places == set(ontology.PLACES)
    assert len(relations) == 6
    assert min(relations.values()) > 300
    assert len(set(scenes)) == len(scenes)


def test_draws_are_even_and_within_bounds():
    draw = Draws(5)
    counts = Counter(draw.between(3, 7) for _ in range(10_000))

    assert set(counts) == {3, 4, 5, 6, 7}
    # Five standard deviations of a count that is 2,000 on average.
    assert all(abs(count - 2000) < 5 * np.sqrt(10_000 * 0.2 * 0.8) for count in counts.values())
    weighted = Counter(draw.weighted({"often": 3, "never": 0, "rarely": 1}) for _ in range(8000))
    assert weighted["never"] == 0
    assert abs(weighted["rarely"] - 2000) < 5 * np.sqrt(8000 * 0.25 * 0.75)
