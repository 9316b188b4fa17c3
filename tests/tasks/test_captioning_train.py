"""Training and measuring lesson 05's networks, on a small scale."""

import argparse
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from tools.weights import captioner as command
from vistext import scenes
from vistext.data.vocabulary import END
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

WORDS = captioning.data.vocabulary()
SHORT = captioning.object_queries.Recipe(steps=2, batch_size=4)
small = partial(CaptionerConfig, width=16, heads=2, blocks=1, finding=1)  # what takes time is to compile each block


@pytest.fixture(scope="module")
def networks():
    config = small(words=len(WORDS))
    decoder = captioning.model.build_caption_decoder(config)
    return captioning.model.build_image_encoder(config), decoder, captioning.model.build_discriminator(config)


def fill(network, value):
    network.set_weights([np.full_like(weight, value) for weight in network.get_weights()])


def test_a_discriminator_is_given_what_is_true_of_the_picture_and_what_is_true_of_another(networks):
    batches = DiscriminatorBatches(AdversarialRecipe(pool=60, batch_size=8), networks[0])
    grids, true, mismatched, lengths = batches[0]
    assert grids.shape == (8, 64, 160)
    assert true.shape == mismatched.shape == (*lengths.shape, true.shape[-1])
    which = [int(np.flatnonzero((batches.grids == grid).all(axis=(1, 2)))[0]) for grid in grids]

    def share_true(ids):
        holding = []
        for index, captions in zip(which, ids, strict=True):
            whole = captions[(captions == END).any(axis=-1)]  # what was cut cannot be read
            holding += [bool(language.evaluate(text, batches.scenes[index])) for text in WORDS.decode(whole)]
        return np.mean(holding)

    assert share_true(true) == 1
    assert share_true(mismatched) == 0
    assert all(map(np.array_equal, batches[0], (grids, true, mismatched, lengths)))


def test_true_captions_are_evaluated_as_true_and_negatives_as_false():
    pool = scenes.sample(10, 5, "test")
    true = captioning.train.reference_captions(pool, "description", 3)
    good = captioning.train.evaluate(true, pool, captioning.train.reference_captions(pool, "description", 5, seed=1))
    assert (good["true"], good["held"], good["readable"]) == (1, 1, 1)
    assert 1 <= good["different"] <= 3
    assert 0 < good["bleu"] < 1
    course = captioning.train.evaluate([["There is a cat.", "A large cat is sitting."]], [scenes.course_scene()])
    assert course["stated"] == 2
    bad = captioning.train.evaluate([[text] for text in captioning.train.sample_negatives(pool, "description")], pool)
    assert (bad["true"], bad["readable"], bad["different"]) == (0, 1, 0)
    assert "self_bleu" not in bad


def test_greedy_beam_and_sampled_captions_are_as_many_as_asked_for(networks):
    captioner = Captioner(networks[0], CachedDecoder(networks[1]), WORDS)
    grids = np.random.default_rng(0).normal(size=(3, 64, 160)).astype("float32")
    for strategy, draws in (
        (DecodingStrategy("greedy", captioner), 1),
        (DecodingStrategy("beam", captioner, beam=2), 1),
        (DecodingStrategy("sampled", captioner, top_p=0.9, temperature=0.7), 4),
    ):
        found = captioning.train.generate_captions(strategy, grids, "title", 4)
        assert [len(texts) for texts in found] == [draws] * 3


def test_a_discriminator_that_knows_has_a_higher_auc_than_a_new_one(networks, monkeypatch):
    pool, grids = scenes.sample(20, 6, "test"), np.zeros((20, 64, 160), "float32")
    discriminator = Discriminator(networks[0], networks[2], WORDS)
    evaluate = partial(captioning.train.evaluate_discriminator, discriminator, grids, pool, "description")
    assert evaluate() == 0.5
    monkeypatch.setattr(
        Discriminator,
        "score_features",
        lambda self, grids, texts: np.array([bool(each) for each in map(language.evaluate, texts, pool)], float),
    )
    assert evaluate() == 1


def test_trained_in_a_few_steps_repeated_and_trained_adversarially(networks, tmp_path):
    image_encoder, config = networks[0], small(words=len(WORDS))
    recipe = Recipe(steps=2, turns=(TITLES, DESCRIPTIONS), pool=20, batch_size=4, finder=SHORT)
    decoder, history = captioning.train.train(recipe, image_encoder, config, checkpoint=tmp_path / "check", bar=False)
    assert len(history.loss) == 2
    assert np.isfinite(history.loss).all()
    again, _ = captioning.train.train(recipe, image_encoder, config, bar=False)
    for found, expected in zip(again.get_weights(), decoder.get_weights(), strict=True):
        assert found == pytest.approx(expected, abs=1e-4)
    pool = captioning.data.sample_crowded(recipe.pool, recipe.crowded, scenes.TRAIN_SEED_OFFSET * 3, recipe.twins)
    grids = captioning.data.encode_scenes(image_encoder, pool)
    finder, _ = captioning.object_queries.train(SHORT, config, grids, pool, checkpoint=tmp_path / "check", bar=False)
    queries = [network.get_layer("things").get_weights() for network in (finder, decoder)]
    assert all(map(np.array_equal, *queries))

    discriminator = captioning.model.build_discriminator(config)
    captioning.model.init_discriminator(discriminator, decoder)
    rules = Hyperparameters(warmup_steps=1)
    recipe = AdversarialRecipe(rules=rules, turns=(("title", 3, 10),), steps=3, batch_size=4, pool=20)
    before = decoder.get_weights()
    history = captioning.train.train_adversarial(recipe, image_encoder, decoder, discriminator, bar=False)
    assert len(history.discriminator_loss) == 3
    assert history.generator_loss[0] == 0  # the warm-up
    assert not all(map(np.array_equal, before, decoder.get_weights()))


def test_a_fine_tuned_decoder_is_the_average_of_where_each_training_ended(networks, tmp_path, monkeypatch):
    image_encoder, decoder, _ = networks
    recipes = [Recipe(pool=20, seed=seed) for seed in (1, 2)]
    finetune = partial(captioning.train.finetune, recipes, image_encoder, decoder, checkpoint=tmp_path, bar=False)
    monkeypatch.setattr(captioning.train, "learn", lambda *_, **__: History(interrupted=True))
    assert not finetune()
    assert not list(tmp_path.iterdir())

    def learn(model, batches, *_, **__):
        """Stands for a training: all weights become the training's seed."""
        fill(decoder, batches.seed)
        return History()

    monkeypatch.setattr(captioning.train, "learn", learn)
    assert finetune()
    assert all((weight == 1.5).all() for weight in decoder.get_weights())
    monkeypatch.setattr(captioning.train, "learn", None)  # what is complete is not trained again
    fill(decoder, 0)
    assert finetune()
    assert all((weight == 1.5).all() for weight in decoder.get_weights())


def test_every_adversarial_training_starts_from_the_same_and_the_decoder_becomes_their_average(networks, monkeypatch):
    image_encoder, decoder, discriminator = networks
    starts = decoder.get_weights(), discriminator.get_weights()
    recipes = [AdversarialRecipe(pool=20, seed=seed) for seed in (1, 2)]

    def train(recipe, image_encoder, decoder, discriminator, **_):
        """Stands for a training: all weights become its seed, the discriminator's too."""
        for network, weights_before in zip((decoder, discriminator), starts, strict=True):
            assert all(map(np.array_equal, network.get_weights(), weights_before))
            fill(network, recipe.seed)
        return GanHistory(interrupted=recipe.seed == 3)

    monkeypatch.setattr(captioning.train, "train_adversarial", train)
    average = partial(captioning.train.train_adversarial_average, image_encoder=image_encoder, bar=False)
    assert average(recipes, decoder=decoder, discriminator=discriminator)
    assert all((weight == 1.5).all() for weight in decoder.get_weights())
    assert all(map(np.array_equal, discriminator.get_weights(), starts[1]))
    decoder.set_weights(starts[0])
    assert not average([*recipes, AdversarialRecipe(seed=3)], decoder=decoder, discriminator=discriminator)
    assert all(map(np.array_equal, discriminator.get_weights(), starts[1]))


def test_the_command_trains_measures_and_ships(tmp_path, monkeypatch, capsys):
    recipe = Recipe(steps=1, turns=(TITLES,), pool=20, batch_size=4, finder=SHORT)
    adversarial = AdversarialRecipe(turns=(("title", 2, 10),), batch_size=2, pool=20)
    for name, value in {"RECIPE": recipe, "CaptionerConfig": small, "TESTED": 6, "DRAWS": 2}.items():
        monkeypatch.setattr(command, name, value)
    monkeypatch.setattr(captioning.train, "FINETUNING", (replace(recipe, seed=1),))
    monkeypatch.setattr(captioning.train, "RUNS", (replace(adversarial, seed=1),))
    monkeypatch.setattr(captioning.train, "PRACTICE", adversarial)
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
    shipped = {f"{name}.{end}" for name in ("captioner", "captioner_gan", "discriminator") for end in ("json", "npz")}
    assert {file.name for file in out.iterdir()} == shipped
