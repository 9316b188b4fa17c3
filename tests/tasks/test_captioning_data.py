"""Batches of scenes and true sentences about them."""

import numpy as np
import pytest

from vistext import scenes
from vistext.data.vocabulary import END, START, UNKNOWN
from vistext.scenes import language
from vistext.tasks import captioning
from vistext.tasks.captioning.data import DESCRIPTIONS, TITLES, CachedCaptionBatches
from vistext.tasks.captioning.model import LENGTHS


def test_the_vocabulary_has_every_word_that_test_scenes_are_described_with():
    rng = np.random.default_rng(0)
    said = [language.describe(scene, length, rng) for scene in scenes.sample(300, 1, "test") for length in LENGTHS]
    assert not (captioning.data.vocabulary().encode(said) == UNKNOWN).any()


def test_the_vocabulary_of_the_shipped_weights_is_the_one_that_is_made():
    assert captioning.model.vocabulary() == captioning.data.vocabulary()


@pytest.mark.parametrize(("crowded", "twins"), [(0.0, 0.0), (0.5, 0.0), (0.8, 0.5), (1.0, 0.0)])
def test_a_crowd_has_its_shares_of_scenes_with_several_objects_and_with_two_of_a_kind(crowded, twins):
    chosen = captioning.data.sample_crowded(40, crowded, seed=3, twins=twins)
    assert len({id(scene) for scene in chosen}) == len(chosen) == 40
    assert all(scene.split == "train" for scene in chosen)
    assert sum(len(scene.objects) > 1 for scene in chosen) >= 40 * crowded * 0.95
    alike = sum(len({obj.kind for obj in scene.objects}) < len(scene.objects) for scene in chosen)
    assert alike >= 40 * twins
    assert twins or crowded == 1 or alike < 20


def test_scenes_come_up_again_with_new_captions_and_their_referents():
    seen = scenes.sample(5, 3, "train")
    own = np.random.default_rng(0).normal(size=(5, 4, 3)).astype("float16")
    batches = CachedCaptionBatches((TITLES, DESCRIPTIONS), seen, own, batch_size=8)
    (grids, ids, lengths), following = batches[1]
    assert (batches[0][0][2] == LENGTHS.index("title")).all()
    assert grids.dtype == np.float32
    which = [int(np.flatnonzero((own == grid).all(axis=(1, 2)))[0]) for grid in grids]
    assert len(set(which)) > 1
    following, spoken = following[..., 0], following[..., 1:]
    assert ids.shape == following.shape == (8, 6, ids.shape[2])
    assert spoken.shape == (*ids.shape, 2)
    assert spoken.max() == max(len(seen[index].objects) for index in which)
    assert (ids[..., 0] == START).all()
    assert (ids[..., 1:] == following[..., :-1]).all()
    assert (lengths == LENGTHS.index("description")).all()
    for index, row in zip(which, np.concatenate([ids, following[..., -1:]], axis=-1), strict=True):
        whole = row[(row == END).any(axis=-1)]  # what was cut cannot be read
        assert all(language.evaluate(text, seen[index]) for text in captioning.data.vocabulary().decode(whole))
    assert (batches[1][0][1] == ids).all()
    assert batches[3][0][1].shape != ids.shape or (batches[3][0][1] != ids).any()


def test_referents_are_the_previous_and_the_next_object_that_is_mentioned():
    about = [None, 2, None, 2, None, 0, 0, None]  # objects 2, 1 and 0 from the left to the right
    last, following = captioning.data.referents(about, [2, 1, 0], 10).T.tolist()
    assert last == [0, 0, 1, 1, 1, 1, 3, 3, 3, 3]
    assert following == [1, 1, 1, 1, 3, 3, 3, 0, 0, 0]
    cut = captioning.data.referents(about, [2, 1, 0], 5).T.tolist()
    assert cut == [last[:5], [1, 1, 1, 1, 0]]  # what is cut off is not known
