"""Training and measuring lesson 05's networks, on a small scale."""

from dataclasses import replace

import numpy as np
import pytest

from vistext import scenes, weights
from vistext.data.words import START, UNKNOWN
from vistext.experiments import describing, train_describer
from vistext.experiments.describing import DESCRIPTIONS, TITLES, GameRecipe, Heard, Recipe, Stage, Told, Way
from vistext.models import describer
from vistext.models.describer import LENGTHS, Describer, DescriberConfig, Judge
from vistext.models.writing import Writing
from vistext.scenes import language
from vistext.word_game import Rules


@pytest.fixture(scope="module")
def networks():
    config = DescriberConfig(words=len(describing.vocabulary()))
    writer = describer.build_writer(config)
    return describer.build_eye(config), writer, describer.build_judge(config)


def test_the_vocabulary_has_every_word_that_test_scenes_are_described_with():
    rng = np.random.default_rng(0)
    said = [language.describe(scene, length, rng) for scene in scenes.sample(300, 1, "test") for length in LENGTHS]
    assert not (describing.vocabulary().encode(said) == UNKNOWN).any()


def test_the_vocabulary_of_the_shipped_weights_is_the_one_that_is_made():
    assert describer.vocabulary() == describing.vocabulary()


def test_shortened_sentences_lose_what_is_beyond_and_columns_of_padding():
    ids = np.array([[1, 5, 6, 2, 0, 0], [1, 7, 2, 0, 0, 0]])
    assert describing.shorten(ids, 9).tolist() == [[1, 5, 6, 2], [1, 7, 2, 0]]
    assert describing.shorten(ids, 3).tolist() == [[1, 5, 6], [1, 7, 2]]


@pytest.mark.parametrize("crowded", [0.0, 0.5, 1.0])
def test_a_crowd_has_the_share_of_scenes_with_several_things(crowded):
    seen = describing.crowd(40, crowded, seed=3)
    assert len(seen) == 40
    assert all(scene.split == "train" for scene in seen)
    assert sum(len(scene.things) > 1 for scene in seen) >= 40 * crowded * 0.95


def test_a_crowd_has_the_share_of_scenes_with_two_of_a_kind():
    def alike(seen):
        return sum(len({thing.kind for thing in scene.things}) < len(scene.things) for scene in seen)

    seen = describing.crowd(40, 0.8, seed=3, twins=0.5)
    assert len({id(scene) for scene in seen}) == 40
    assert alike(seen) >= 20 > alike(describing.crowd(40, 0.5, seed=3))
    assert sum(len(scene.things) > 1 for scene in seen) == 32


def test_batches_depend_on_their_number_and_take_turns():
    batches = Told((TITLES, DESCRIPTIONS), 0.5, size=4)
    (pictures, ids, lengths), following = batches(1, 0.3)
    assert pictures.shape == (4, 64, 64, 3)
    assert ids.shape == following.shape == (4, 6, ids.shape[2])
    assert (ids[..., 0] == START).all()
    assert (ids[..., 1:] == following[..., :-1]).all()
    assert (lengths == LENGTHS.index("description")).all()
    again, _ = batches(1, 0.9)
    assert (again[1] == ids).all()
    assert (batches(0, 0.0)[0][2] == LENGTHS.index("title")).all()


def test_what_a_judge_hears_is_true_of_the_picture_or_of_another(networks):
    recipe = GameRecipe(pool=60, size=8)
    heard = Heard(recipe, networks[0])
    grids, true, mismatched, lengths = heard(0)
    assert grids.shape == (8, 64, 160)
    assert true.shape == mismatched.shape == (*lengths.shape, true.shape[-1])
    which = [int(np.flatnonzero((heard.grids == grid).all(axis=(1, 2)))[0]) for grid in grids]

    def share_true(ids):
        holding = []
        for index, told in zip(which, ids, strict=True):
            whole = told[(told == 2).any(axis=-1)]  # what was cut cannot be read
            holding += [bool(language.holds(text, heard.scenes[index])) for text in heard_words.decode(whole)]
        return np.mean(holding)

    heard_words = describing.vocabulary()
    assert share_true(true) == 1
    assert share_true(mismatched) < 0.7
    assert all((one == other).all() for one, other in zip(heard(0), (grids, true, mismatched, lengths), strict=True))


def test_mismatched_sentences_to_measure_by_are_false():
    seen = scenes.sample(30, 4, "test")
    assert not any(map(language.holds, describing.mismatch(seen, "description"), seen))


def test_true_sentences_are_measured_as_true_and_false_ones_as_false():
    seen = scenes.sample(10, 5, "test")
    true = describing.others_say(seen, "description", 3)
    good = describing.measure(true, seen, describing.others_say(seen, "description", 5, seed=1))
    assert (good["true"], good["held"], good["readable"]) == (1, 1, 1)
    assert 1 <= good["different"] <= 3
    assert 0 < good["bleu"] < 1
    bad = describing.measure([[said] for said in describing.mismatch(seen, "description")], seen)
    assert (bad["true"], bad["readable"], bad["different"]) == (0, 1, 0)
    assert "self_bleu" not in bad


def test_likeliest_beam_and_drawn_sentences_are_as_many_as_asked_for(networks):
    eye, writer, _ = networks
    speaks = Describer(eye, Writing(writer), describing.vocabulary())
    grids = np.random.default_rng(0).normal(size=(3, 64, 160)).astype("float32")
    for way, draws in (
        (Way("likeliest", speaks), 1),
        (Way("beam", speaks, beam=2), 1),
        (Way("drawn", speaks, nucleus=0.9, temperature=0.7), 4),
    ):
        assert [len(each) for each in describing.say(way, grids, "title", 4)] == [draws] * 3


def test_a_judge_that_knows_is_told_from_one_that_guesses(networks, monkeypatch):
    eye, _, network = networks
    seen = scenes.sample(20, 6, "test")
    grids = np.zeros((20, 64, 160), "float32")
    judge = Judge(eye, network, describing.vocabulary())
    assert describing.measure_judge(judge, grids, seen, "description") == 0.5  # a new judge finds all alike
    knows = {id(scene): scene for scene in seen}
    monkeypatch.setattr(
        Judge,
        "score_seen",
        lambda self, grids, said: np.array(
            [float(bool(language.holds(one, scene))) for one, scene in zip(said, knows.values(), strict=True)]
        ),
    )
    assert describing.measure_judge(judge, grids, seen, "description") == 1


def test_trained_in_a_few_steps_resumed_played_and_shipped(tmp_path, monkeypatch):
    config = DescriberConfig(words=len(describing.vocabulary()))
    stages = Stage(2, (TITLES,), 0.5, 0.0, 0.01, 0.04), Stage(1, (DESCRIPTIONS,), 0.5, 0.5, 0.01, 0.04)
    recipe = Recipe(config, stages, size=4)
    monkeypatch.setattr(describing.locating, "SETTLING", 8)
    eye, writer, history = describing.train(recipe, checkpoint=tmp_path / "check", bar=False)
    assert len(history.loss) == 1
    assert np.isfinite(history.loss).all()
    resumed = describing.train(recipe, checkpoint=tmp_path / "check", bar=False)
    assert all((one == other).all() for one, other in zip(resumed[1].get_weights(), writer.get_weights(), strict=True))

    judge = describer.build_judge(config)
    describer.start_judge(judge, writer)
    rules = Rules(head_start=1)
    game = GameRecipe(rules=rules, turns=(("title", 3, 10),), steps=3, size=4, pool=20)
    before = writer.get_weights()
    match = describing.play(game, eye, writer, judge, checkpoint=tmp_path / "game", bar=False)
    assert len(match.discriminator_loss) == 3
    assert match.generator_loss[0] == 0  # the head start
    assert any((one != other).any() for one, other in zip(before, writer.get_weights(), strict=True))

    networks = {"eye": eye, "describer": writer, "gan_describer": writer, "judge": judge}
    train_describer.ship(tmp_path / "out", replace(config), networks, {}, 1.0)
    monkeypatch.setattr(train_describer, "TESTED", 6)
    monkeypatch.setattr(train_describer, "DRAWN", 3)
    train_describer.measure(tmp_path / "out", config)
    card = weights.card("gan_describer", tmp_path / "out")
    assert 0 <= card["measured"]["title"]["drawn"]["true"] <= 1
    assert set(weights.card("judge", tmp_path / "out")["measured"]["auc_mismatched"]) == set(LENGTHS)
