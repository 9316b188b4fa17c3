"""Training and measuring lesson 05's networks, on a small scale."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from networks import parsed

from tools.weights import captioner as command
from vistext import scenes
from vistext.nn import weights
from vistext.nn.decoder import CachedDecoder
from vistext.nn.training import History
from vistext.tasks import captioning
from vistext.tasks.captioning.model import Captioner, CaptionerConfig
from vistext.tasks.captioning.train import (
    DESCRIPTIONS,
    TITLES,
    DecodingStrategy,
    Recipe,
)

WORDS = captioning.data.vocabulary()
SHORT = captioning.object_queries.Recipe(steps=2, batch_size=4)
small = partial(CaptionerConfig, width=16, heads=2, blocks=1, finding=1)  # what takes time is to compile each block


@pytest.fixture(scope="module")
def networks():
    config = small(words=len(WORDS))
    decoder = captioning.model.build_caption_decoder(config)
    return captioning.model.build_image_encoder(config), decoder


def fill(network, value):
    network.set_weights([np.full_like(weight, value) for weight in network.get_weights()])


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


def test_trained_in_a_few_steps_and_repeated(networks, tmp_path):
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


def test_a_fine_tuned_decoder_is_the_average_of_where_each_training_ended(networks, tmp_path, monkeypatch):
    image_encoder, decoder = networks
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


def test_the_command_trains_measures_and_ships(tmp_path, monkeypatch, capsys):
    recipe = Recipe(steps=1, turns=(TITLES,), pool=20, batch_size=4, finder=SHORT)
    for name, value in {"RECIPE": recipe, "CaptionerConfig": small, "TESTED": 6, "DRAWS": 2}.items():
        monkeypatch.setattr(command, name, value)
    monkeypatch.setattr(captioning.train, "FINETUNING", (replace(recipe, seed=1),))
    out, checkpoint = tmp_path / "out", tmp_path / "check"
    folders = ["--out", str(out), "--checkpoint", str(checkpoint), "--precision", "float32"]
    assert command.run(parsed(command, "--share", "0.001", *folders)) == 0
    assert not checkpoint.exists()
    assert str(out) in capsys.readouterr().out
    card = weights.card("captioner", out)
    assert len(card["recipe"]["further"]) == 1
    assert 0 <= card["measured"]["title"]["drawn"]["true"] <= 1
    assert {file.name for file in out.iterdir()} == {"captioner.json", "captioner.npz"}
