"""Learning to solve puzzles and to match: what batches hold, what is counted, what is found."""

from dataclasses import replace

import numpy as np
import pytest

from vistext import scenes
from vistext.data.vocabulary import PAD, UNKNOWN
from vistext.nn.engine import keras
from vistext.scenes.language.puzzles import NO_NAME, TASKS
from vistext.tasks import fusion
from vistext.tasks.fusion.model import FusionConfig
from vistext.tasks.fusion.train import DualEncoderRecipe, PuzzleBatches, Recipe

POOL = scenes.sample(300, 3, "train")
WORDS = len(fusion.train.vocabulary())
SMALL = FusionConfig(WORDS, channels=4, width=8, heads=2, blocks=1, queries=2, shared=4)
RECIPE = Recipe(SMALL, "attention", steps=2, batch_size=6, asked=3)
RNG = np.random.default_rng(0)
GRIDS = RNG.normal(size=(len(POOL), 64, 4)).astype("float16")


@pytest.fixture(scope="module")
def made():
    return fusion.train.make_puzzles(POOL, dict.fromkeys(TASKS, 20))


def test_answers_stand_at_the_token_that_is_asked_about_and_all_words_are_known(made):
    for ids in (made.ids, made.answers, fusion.train.encode_texts(POOL[:40])):
        assert not (ids == UNKNOWN).any()
    words = fusion.train.vocabulary().words
    for row in np.flatnonzero(made.tasks == "it"):
        (place,) = np.flatnonzero(made.answers[row])
        assert words[made.ids[row, place]] == "it"
        assert words[made.answers[row, place]] in [words[number] for number in made.ids[row]]


def test_batches_hold_puzzles_about_their_own_pictures_and_depend_on_number_and_seed_alone(made):
    batches = PuzzleBatches(RECIPE, GRIDS, made)
    (seen, ids), answers = batches[5]
    assert seen.shape == (6, 64, 4)
    assert ids.shape == answers.shape
    assert ids.shape[:2] == (6, 3)
    for picture, texts in zip(seen, ids, strict=True):
        (row,) = np.flatnonzero((picture.astype("float16") == GRIDS).all(axis=(1, 2)))
        own = made.ids[made.rows == row][:, : ids.shape[2]]
        assert all((own == text).all(axis=1).any() for text in texts)
    again, other = batches[5], PuzzleBatches(replace(RECIPE, seed=1), GRIDS, made)[5]
    assert np.array_equal(again[0][1], ids)
    assert not np.array_equal(other[0][0], seen)
    with_dropout = PuzzleBatches(replace(RECIPE, withheld=0.25, batch_size=200), GRIDS, made)
    empty = ~with_dropout[0][0][0].any(axis=(1, 2))
    assert 0.1 < empty.mean() < 0.4


def test_words_that_name_nothing_do_not_count():
    nothing = fusion.train.vocabulary().numbers[NO_NAME]
    labels = np.array([[PAD, 7, nothing, 8]])
    scores = keras.ops.one_hot(np.array([[5, 7, 9, 9]]), WORDS)
    assert float(fusion.train.accuracy(labels, scores)) == pytest.approx(0.5)


def test_accuracy_is_that_of_each_task(made):
    pleased = fusion.train.vocabulary().numbers["pleased"]
    found = fusion.train.evaluate(
        lambda inputs, training: keras.ops.one_hot(np.full_like(inputs[1], pleased), WORDS), GRIDS, made
    )
    assert set(found) == set(TASKS)
    assert found["mood"] == 0.5
    assert found["it"] == found["gap"] == found["names"] == 0


def test_a_network_learns_a_handful_of_puzzles_by_heart():
    few = fusion.train.make_puzzles(POOL, {"mood told": 6})
    wide = replace(RECIPE, network=replace(SMALL, width=32), steps=60, learning_rate=0.1)
    model, history = fusion.train.train(wide, GRIDS, few, bar=False)
    assert history.loss[-1] < history.loss[0] / 3
    assert fusion.train.evaluate(model, GRIDS, few)["mood told"] == 1


def test_a_pair_learns_a_handful_of_pictures_by_heart_and_then_finds_them():
    wide = replace(SMALL, width=32, shared=16, words=WORDS)
    some = GRIDS[:12]
    said = fusion.train.encode_texts(POOL[:12])
    pair, history = fusion.train.train_dual_encoder(
        DualEncoderRecipe(wide, steps=80, batch_size=12, learning_rate=0.1), some, said, bar=False
    )
    assert history.loss[-1] < history.loss[0] / 3
    seen, read = pair([some.astype("float32"), said[:, 0]], training=False)
    assert fusion.train.recall_at_k(np.asarray(read) @ np.asarray(seen).T)["5"] > 0.9


def test_the_loss_of_a_pair_is_that_of_both_directions_by_hand():
    scores = np.array([[2.0, 0.0], [1.0, 3.0]])
    rows = np.log(1 + np.exp(-2.0)) + np.log(1 + np.exp(-2.0))
    columns = np.log(1 + np.exp(-1.0)) + np.log(1 + np.exp(-3.0))
    assert float(fusion.train.contrastive_loss(np.arange(2), scores)) == pytest.approx((rows + columns) / 4, abs=1e-5)


def test_recall_counts_what_is_found_first_and_ties_are_no_find():
    scores = np.array([[3.0, 1, 2], [2, 1, 0], [1, 1, 1]])
    assert fusion.train.recall_at_k(scores, (1, 2, 3)) == {"1": 0.33333, "2": 0.66667, "3": 1.0}
    assert fusion.train.retrieval_recall(scores)["to text"] == fusion.train.recall_at_k(scores.T)


def test_different_scenes_share_no_facts():
    doubled = [*POOL[:30], *POOL[:30]]
    rows = fusion.train.distinct_scenes(doubled, 20)
    assert len({doubled[row].facts for row in rows}) == 20
    assert max(rows) < 30
    with pytest.raises(ValueError, match="were asked for"):
        fusion.train.distinct_scenes(doubled, 40)


def test_the_towers_of_a_pair_begin_the_fusion_contrastive(made):
    pair = fusion.model.build_dual_encoder(SMALL)
    model, _ = fusion.train.train(
        replace(RECIPE, fusion="contrastive", steps=1, learning_rate=1e-9), GRIDS, made, pair=pair, bar=False
    )
    for tower, inputs in (("image_tower", GRIDS[:2]), ("text_tower", made.ids[:2, np.newaxis])):
        assert np.allclose(model.get_layer(tower)(inputs), pair.get_layer(tower)(inputs), atol=1e-3)
