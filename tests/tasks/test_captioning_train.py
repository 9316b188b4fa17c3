"""Training and measuring lesson 05's networks, on a small scale."""

import argparse
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from tools.weights import captioner as command
from vistext import scenes
from vistext.nn import weights
from vistext.nn.decoder import CachedDecoder
from vistext.nn.training import History
from vistext.scenes import language
from vistext.tasks import captioning
from vistext.tasks.captioning.adversarial import Hyperparameters
from vistext.tasks.captioning.model import LENGTHS, Captioner, CaptionerConfig, Discriminator
from vistext.tasks.captioning.train import (
    DESCRIPTIONS,
    TITLES,
    AdversarialRecipe,
    DecodingStrategy,
    DiscriminatorBatches,
    Recipe,
)
from vistext.tasks.gan.adversarial import GanHistory

SHORT = captioning.object_queries.Recipe(steps=2, batch_size=4)
small = partial(CaptionerConfig, width=16, heads=2, blocks=1, finding=1)  # what takes time is to compile each block


@pytest.fixture(scope="module")
def networks():
    config = small(words=len(captioning.data.vocabulary()))
    decoder = captioning.model.build_caption_decoder(config)
    return captioning.model.build_image_encoder(config), decoder, captioning.model.build_discriminator(config)


def test_what_a_judge_hears_is_true_of_the_picture_or_of_another(networks):
    recipe = AdversarialRecipe(pool=60, batch_size=8)
    heard = DiscriminatorBatches(recipe, networks[0])
    grids, true, mismatched, lengths = heard[0]
    assert grids.shape == (8, 64, 160)
    assert true.shape == mismatched.shape == (*lengths.shape, true.shape[-1])
    which = [int(np.flatnonzero((heard.grids == grid).all(axis=(1, 2)))[0]) for grid in grids]

    def share_true(ids):
        holding = []
        for index, told in zip(which, ids, strict=True):
            whole = told[(told == 2).any(axis=-1)]  # what was cut cannot be read
            holding += [bool(language.evaluate(text, heard.scenes[index])) for text in heard_words.decode(whole)]
        return np.mean(holding)

    heard_words = captioning.data.vocabulary()
    assert share_true(true) == 1
    assert share_true(mismatched) == 0
    assert all((one == other).all() for one, other in zip(heard[0], (grids, true, mismatched, lengths), strict=True))


def test_mismatched_sentences_to_measure_by_are_false():
    seen = scenes.sample(30, 4, "test")
    assert not any(map(language.evaluate, captioning.train.sample_negatives(seen, "description"), seen))


def test_true_sentences_are_measured_as_true_and_false_ones_as_false():
    seen = scenes.sample(10, 5, "test")
    true = captioning.train.reference_captions(seen, "description", 3)
    good = captioning.train.evaluate(true, seen, captioning.train.reference_captions(seen, "description", 5, seed=1))
    assert (good["true"], good["held"], good["readable"]) == (1, 1, 1)
    assert 1 <= good["different"] <= 3
    assert (
        captioning.train.evaluate([["There is a cat.", "A large cat is sitting."]], [scenes.course_scene()])["stated"]
        == 2
    )
    assert 0 < good["bleu"] < 1
    bad = captioning.train.evaluate([[said] for said in captioning.train.sample_negatives(seen, "description")], seen)
    assert (bad["true"], bad["readable"], bad["different"]) == (0, 1, 0)
    assert "self_bleu" not in bad


def test_likeliest_beam_and_drawn_sentences_are_as_many_as_asked_for(networks):
    image_encoder, decoder, _ = networks
    speaks = Captioner(image_encoder, CachedDecoder(decoder), captioning.data.vocabulary())
    grids = np.random.default_rng(0).normal(size=(3, 64, 160)).astype("float32")
    for way, draws in (
        (DecodingStrategy("likeliest", speaks), 1),
        (DecodingStrategy("beam", speaks, beam=2), 1),
        (DecodingStrategy("drawn", speaks, top_p=0.9, temperature=0.7), 4),
    ):
        assert [len(each) for each in captioning.train.generate_captions(way, grids, "title", 4)] == [draws] * 3


def test_a_judge_that_knows_is_told_from_one_that_guesses(networks, monkeypatch):
    image_encoder, _, network = networks
    seen = scenes.sample(20, 6, "test")
    grids = np.zeros((20, 64, 160), "float32")
    discriminator = Discriminator(image_encoder, network, captioning.data.vocabulary())
    assert (
        captioning.train.evaluate_discriminator(discriminator, grids, seen, "description") == 0.5
    )  # a new discriminator finds all alike
    knows = {id(scene): scene for scene in seen}
    monkeypatch.setattr(
        Discriminator,
        "score_features",
        lambda self, grids, said: np.array(
            [float(bool(language.evaluate(one, scene))) for one, scene in zip(said, knows.values(), strict=True)]
        ),
    )
    assert captioning.train.evaluate_discriminator(discriminator, grids, seen, "description") == 1


def test_trained_in_a_few_steps_resumed_played_and_shipped(networks, tmp_path):
    image_encoder, config = networks[0], small(words=len(captioning.data.vocabulary()))
    recipe = Recipe(steps=2, turns=(TITLES, DESCRIPTIONS), pool=20, batch_size=4, finder=SHORT)
    decoder, history = captioning.train.train(recipe, image_encoder, config, checkpoint=tmp_path / "check", bar=False)
    assert len(history.loss) == 2
    assert np.isfinite(history.loss).all()
    again, _ = captioning.train.train(recipe, image_encoder, config, bar=False)
    assert all(one == pytest.approx(other, abs=1e-4) for one, other in zip_weights(again, decoder))
    finder, _ = captioning.object_queries.train(
        SHORT, config, *looked_at(recipe, image_encoder), checkpoint=tmp_path / "check", bar=False
    )
    assert all(
        (one == other).all() for one, other in zip_weights(*(net.get_layer("things") for net in (finder, decoder)))
    )

    discriminator = captioning.model.build_discriminator(config)
    captioning.model.init_discriminator(discriminator, decoder)
    rules = Hyperparameters(warmup_steps=1)
    game = AdversarialRecipe(rules=rules, turns=(("title", 3, 10),), steps=3, batch_size=4, pool=20)
    before = decoder.get_weights()
    match = captioning.train.train_adversarial(
        game, image_encoder, decoder, discriminator, checkpoint=tmp_path / "game", bar=False
    )
    assert len(match.discriminator_loss) == 3
    assert match.generator_loss[0] == 0  # the head start
    assert any((one != other).any() for one, other in zip(before, decoder.get_weights(), strict=True))


def looked_at(recipe, image_encoder):
    """What a decoder learns from."""
    seen = captioning.data.sample_crowded(recipe.pool, recipe.crowded, scenes.TRAIN_SEED_OFFSET * 3, recipe.twins)
    return captioning.data.encode_scenes(image_encoder, seen), seen


def zip_weights(one, other):
    return zip(one.get_weights(), other.get_weights(), strict=True)


def test_a_writer_that_goes_on_is_the_average_of_where_each_training_ended(tmp_path, monkeypatch):
    config = small(words=len(captioning.data.vocabulary()))
    image_encoder, decoder = (
        captioning.model.build_image_encoder(config),
        captioning.model.build_caption_decoder(config),
    )
    began = decoder.get_weights()
    further = [Recipe(pool=20, seed=seed) for seed in (1, 2)]

    def learn(asked, batches, *_, **__):
        """Stands for a training: all weights become the training's seed."""
        decoder.set_weights([np.full_like(weight, batches.seed) for weight in decoder.get_weights()])
        return History()

    monkeypatch.setattr(captioning.train, "learn", learn)
    assert captioning.train.finetune(further, image_encoder, decoder, checkpoint=tmp_path, bar=False)
    average = decoder.get_weights()
    assert all((weight == 1.5).all() for weight in average)

    monkeypatch.setattr(captioning.train, "learn", None)  # what is kept is not trained again
    decoder.set_weights(began)
    assert captioning.train.finetune(further, image_encoder, decoder, checkpoint=tmp_path, bar=False)
    assert all(map(np.array_equal, decoder.get_weights(), average))


def test_a_writer_that_is_interrupted_goes_on_where_it_was(tmp_path, monkeypatch):
    config = small(words=len(captioning.data.vocabulary()))
    image_encoder, decoder = (
        captioning.model.build_image_encoder(config),
        captioning.model.build_caption_decoder(config),
    )
    monkeypatch.setattr(captioning.train, "learn", lambda *_, **__: History(interrupted=True))
    assert not captioning.train.finetune([Recipe(pool=20)], image_encoder, decoder, checkpoint=tmp_path, bar=False)
    assert not list(tmp_path.iterdir())


def test_every_game_starts_from_the_same_and_the_writer_is_the_average_of_where_they_ended(networks, monkeypatch):
    image_encoder, decoder, discriminator = networks
    began, knew = decoder.get_weights(), discriminator.get_weights()
    games = [AdversarialRecipe(pool=20, seed=seed) for seed in (1, 2)]

    def play(recipe, image_encoder, decoder, discriminator, **_):
        """Stands for a game: all weights become as its seed, the discriminator's too."""
        for network, weights_before in ((decoder, began), (discriminator, knew)):
            assert all(map(np.array_equal, network.get_weights(), weights_before))
            network.set_weights([np.full_like(weight, recipe.seed) for weight in weights_before])
        return GanHistory(interrupted=recipe.seed == 3)

    monkeypatch.setattr(captioning.train, "train_adversarial", play)
    assert captioning.train.train_adversarial_average(games, image_encoder, decoder, discriminator, bar=False)
    assert all((weight == 1.5).all() for weight in decoder.get_weights())
    assert all(map(np.array_equal, discriminator.get_weights(), knew))

    decoder.set_weights(began)
    assert not captioning.train.train_adversarial_average(
        [*games, AdversarialRecipe(seed=3)], image_encoder, decoder, discriminator, bar=False
    )
    assert all(map(np.array_equal, discriminator.get_weights(), knew))
    decoder.set_weights(began)


def test_the_command_trains_plays_measures_and_ships(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "RECIPE", Recipe(steps=1, turns=(TITLES,), pool=20, batch_size=4, finder=SHORT))
    monkeypatch.setattr(
        captioning.train, "FINETUNING", (Recipe(steps=1, turns=(TITLES,), pool=20, batch_size=4, seed=1),)
    )
    game = AdversarialRecipe(turns=(("title", 2, 10),), batch_size=2, pool=20)
    monkeypatch.setattr(captioning.train, "RUNS", (replace(game, seed=1),))
    monkeypatch.setattr(captioning.train, "PRACTICE", game)
    monkeypatch.setattr(command, "CaptionerConfig", small)
    monkeypatch.setattr(command, "TESTED", 6)
    monkeypatch.setattr(command, "DRAWS", 2)
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    out, checkpoint = tmp_path / "out", tmp_path / "check"
    folders = ["--out", str(out), "--checkpoint", str(checkpoint), "--precision", "float32"]
    assert command.run(parser.parse_args(["--share", "0.001", *folders])) == 0
    assert not checkpoint.exists()
    assert str(out) in capsys.readouterr().out
    card = weights.card("captioner_gan", out)
    assert card["recipe"]["game"]["steps"] == 1
    assert card["recipe"]["seeds"] == [1]
    assert len(weights.card("captioner", out)["recipe"]["further"]) == 1
    assert 0 <= card["measured"]["title"]["drawn"]["true"] <= 1
    assert set(weights.card("discriminator", out)["measured"]["auc_mismatched"]) == set(LENGTHS)
    assert {file.name for file in out.iterdir()} == {
        f"{name}.{ending}" for name in ("captioner", "captioner_gan", "discriminator") for ending in ("json", "npz")
    }
