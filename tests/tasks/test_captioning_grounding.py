"""The auxiliary task of a caption decoder, and its loss."""

import numpy as np
import pytest

from vistext.data.vocabulary import PAD
from vistext.scenes.ontology import MAX_OBJECTS
from vistext.tasks import captioning
from vistext.tasks.captioning.model import CaptionerConfig

WORDS = 9
SMALL = CaptionerConfig(WORDS, widths=(4, 6, 8, 8), depth=1, width=8, heads=2, blocks=2, finding=1)
FOLLOWING = np.array([[[5, 0, 2], [6, 2, 1], [7, 1, 0], [PAD, 1, 0]]])[None]  # the word, the last object and the next


def confident(targets, logit=20.0):
    """Outputs of a network that is sure of these targets."""
    words, previous, following = np.moveaxis(targets, -1, 0)
    parts = [np.eye(WORDS)[words], np.eye(MAX_OBJECTS)[previous - 1], np.eye(MAX_OBJECTS)[following - 1]]
    return (logit * np.concatenate(parts, axis=-1)).astype("float32")


def test_a_decoder_with_grounding_has_the_same_logits_and_those_of_referents():
    decoder = captioning.model.build_caption_decoder(SMALL)
    asked = captioning.grounding.with_grounding(decoder)
    random = np.random.default_rng(0)
    grids, ids = random.normal(size=(2, 64, 8)).astype("float32"), random.integers(1, WORDS, (2, 3, 5)).astype("int32")
    inputs = [grids, ids, np.zeros((2, 3), "int32")]
    found = np.asarray(asked(inputs))
    assert found.shape == (2, 3, 5, WORDS + 2 * MAX_OBJECTS)
    assert found[..., :WORDS] == pytest.approx(np.asarray(decoder(inputs)), abs=1e-5)
    changed = [grids, np.concatenate([ids[..., :3], (ids[..., 3:] + 1) % WORDS], axis=-1), inputs[2]]
    after = np.abs(np.asarray(asked(changed)) - found)[..., WORDS:].max(axis=-1)
    assert after[..., :3].max() < 1e-5
    assert after[..., 3:].max() > 1e-4
    learned = {weight.path.split("/")[0] for weight in asked.trainable_variables}
    assert "things" not in learned
    assert {"block0", "pointer0", "pointer1"} <= learned


@pytest.mark.parametrize(
    ("place", "part", "loss", "accuracy"),
    [
        (0, 0, 20 / 3, 1),  # a wrong word
        (1, 1, 0.5 * 20 / 2, 1),  # a wrong previous referent counts by its share
        (0, 2, 0.5 * 20 / 2, 0.5),  # a wrong next referent
        *((place, part, 0, 1) for place, part in [(3, 0), (3, 1), (0, 1), (2, 2), (3, 2)]),  # padding, or no referent
    ],
)
def test_wrong_words_and_wrong_referents_count_where_there_are_any(place, part, loss, accuracy):
    assert float(captioning.grounding.Loss(0.5)(FOLLOWING, confident(FOLLOWING))) == pytest.approx(0, abs=1e-4)
    wrong = FOLLOWING.copy()
    wrong[0, 0, place, part] = wrong[0, 0, place, part] + 1 if loss else 3
    outputs = confident(wrong)
    assert float(captioning.grounding.Loss(0.5)(FOLLOWING, outputs)) == pytest.approx(loss, rel=1e-3, abs=1e-4)
    assert float(captioning.grounding.accuracy(FOLLOWING, outputs)) == accuracy
