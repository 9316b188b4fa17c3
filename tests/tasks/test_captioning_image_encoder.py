"""Training the image encoder, on a small scale."""

import argparse

import numpy as np

from tools.weights import image_encoder as command
from vistext.nn import weights
from vistext.tasks import captioning, detection
from vistext.tasks.captioning.data import DESCRIPTIONS, TITLES, vocabulary
from vistext.tasks.captioning.image_encoder import Recipe, Stage
from vistext.tasks.captioning.model import CaptionerConfig

STAGES = tuple(
    Stage((length,), 0.5, steps=steps, batch_size=4, learning_rate=0.01, adam_lr=0.04)
    for steps, length in ((2, TITLES), (1, DESCRIPTIONS))
)


def test_it_is_trained_in_stages_and_resumed(tmp_path, monkeypatch):
    monkeypatch.setattr(detection.train, "RECALIBRATION_PICTURES", 8)
    recipe = Recipe(STAGES)
    # Compiling the caption decoder takes the time, so it is a small one.
    config = CaptionerConfig(words=len(vocabulary()), width=16, heads=2, blocks=1, finding=1)
    image_encoder, history = captioning.image_encoder.train(recipe, config=config, checkpoint=tmp_path, bar=False)
    assert len(history.loss) == 1
    assert np.isfinite(history.loss).all()
    resumed, history = captioning.image_encoder.train(recipe, config=config, checkpoint=tmp_path, bar=False)
    assert not history.loss
    assert all(map(np.array_equal, resumed.get_weights(), image_encoder.get_weights()))


def test_the_command_ships_an_image_encoder_of_the_shipped_sizes(tmp_path, monkeypatch):
    monkeypatch.setattr(detection.train, "RECALIBRATION_PICTURES", 8)
    monkeypatch.setattr(command, "RECIPE", Recipe(STAGES[:1]))
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    folders = ["--out", str(tmp_path / "out"), "--checkpoint", str(tmp_path / "check"), "--precision", "float32"]
    assert command.run(parser.parse_args(folders)) == 0
    assert weights.config("image_encoder", CaptionerConfig, tmp_path / "out") == captioning.model.shipped_config()
    network = captioning.model.build_image_encoder(captioning.model.shipped_config())
    weights.load_into(network, "image_encoder", tmp_path / "out")
