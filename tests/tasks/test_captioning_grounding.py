"""What a writer is asked while it learns to speak, and how wrong its answers are."""

import numpy as np
import pytest

from vistext.data.vocabulary import PAD
from vistext.scenes.ontology import MAX_OBJECTS
from vistext.tasks import captioning
from vistext.tasks.captioning.model import CaptionerConfig

WORDS = 9
SMALL = CaptionerConfig(WORDS, widths=(4, 6, 8, 8), depth=1, width=8, heads=2, blocks=2, finding=1)
FOLLOWING = np.array([[[5, 0, 2], [6, 2, 1], [7, 1, 0], [PAD, 1, 0]]])[None]  # the word, the last object and the next


def said(following, sure=20.0):
    """What a network would say that is sure of these."""
    words, last, after = np.moveaxis(following, -1, 0)
    parts = [np.eye(WORDS)[words], np.eye(MAX_OBJECTS)[last - 1], np.eye(MAX_OBJECTS)[after - 1]]
    return (sure * np.concatenate(parts, axis=-1)).astype("float32")


def test_a_writer_that_is_asked_says_the_same_words_and_points_at_things():
    writer = captioning.model.build_caption_decoder(SMALL)
    asked = captioning.grounding.with_grounding(writer)
    random = np.random.default_rng(0)
    grids, ids = random.normal(size=(2, 64, 8)).astype("float32"), random.integers(1, WORDS, (2, 3, 5)).astype("int32")
    inputs = [grids, ids, np.zeros((2, 3), "int32")]
    found = np.asarray(asked(inputs))
    assert found.shape == (2, 3, 5, WORDS + 2 * MAX_OBJECTS)
    assert found[..., :WORDS] == pytest.approx(np.asarray(writer(inputs)), abs=1e-5)
    changed = [grids, np.concatenate([ids[..., :3], (ids[..., 3:] + 1) % WORDS], axis=-1), inputs[2]]
    after = np.abs(np.asarray(asked(changed)) - found)[..., WORDS:].max(axis=-1)
    assert after[..., :3].max() < 1e-5
    assert after[..., 3:].max() > 1e-4
    learned = {weight.path.split("/")[0] for weight in asked.trainable_variables}
    assert "things" not in learned
    assert {"block0", "pointer0", "pointer1"} <= learned


def test_who_is_right_and_sure_loses_nothing():
    assert float(captioning.grounding.Loss(0.5)(FOLLOWING, said(FOLLOWING))) == pytest.approx(0, abs=1e-4)
    assert float(captioning.grounding.accuracy(FOLLOWING, said(FOLLOWING))) == 1


@pytest.mark.parametrize(("place", "part", "lost"), [(0, 0, 20 / 3), (1, 1, 0.5 * 20 / 2), (0, 2, 0.5 * 20 / 2)])
def test_a_wrong_word_counts_and_a_wrong_thing_counts_by_its_share(place, part, lost):
    wrong = FOLLOWING.copy()
    wrong[0, 0, place, part] += 1
    assert float(captioning.grounding.Loss(0.5)(FOLLOWING, said(wrong))) == pytest.approx(lost, rel=1e-3)
    assert float(captioning.grounding.accuracy(FOLLOWING, said(wrong))) == (0.5 if part == 2 else 1)


@pytest.mark.parametrize(("place", "part"), [(3, 0), (3, 1), (0, 1), (2, 2), (3, 2)])
def test_where_there_is_no_word_or_no_thing_nothing_is_asked(place, part):
    other = FOLLOWING.copy()
    other[0, 0, place, part] = 3
    assert float(captioning.grounding.Loss(0.5)(FOLLOWING, said(other))) == pytest.approx(0, abs=1e-4)
    assert float(captioning.grounding.accuracy(FOLLOWING, said(other))) == 1
