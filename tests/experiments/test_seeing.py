"""Training the eye, on a small scale."""

import argparse

import numpy as np

from vistext import weights
from vistext.experiments import seeing, train_eye
from vistext.experiments.seeing import Recipe, Stage
from vistext.experiments.telling import DESCRIPTIONS, TITLES, vocabulary
from vistext.models import describer
from vistext.models.describer import DescriberConfig

STAGES = Stage(2, (TITLES,), 0.5, 0.01, 0.04), Stage(1, (DESCRIPTIONS,), 0.5, 0.01, 0.04)


def test_it_is_trained_in_stages_and_resumed(tmp_path, monkeypatch):
    monkeypatch.setattr(seeing.locating, "SETTLING", 8)
    recipe = Recipe(STAGES, size=4)
    # What takes time is to compile the writer that teaches the eye, so it is a small one.
    config = DescriberConfig(words=len(vocabulary()), width=16, heads=2, blocks=1, finding=1)
    eye, history = seeing.train(recipe, config=config, checkpoint=tmp_path, bar=False)
    assert len(history.loss) == 1
    assert np.isfinite(history.loss).all()
    resumed, history = seeing.train(recipe, config=config, checkpoint=tmp_path, bar=False)
    assert not history.loss
    assert all((one == other).all() for one, other in zip(resumed.get_weights(), eye.get_weights(), strict=True))


def test_the_command_ships_an_eye_of_the_shipped_sizes(tmp_path, monkeypatch):
    monkeypatch.setattr(seeing.locating, "SETTLING", 8)
    monkeypatch.setattr(train_eye, "Recipe", lambda: Recipe(STAGES[:1], size=4))
    parser = argparse.ArgumentParser()
    train_eye.add_arguments(parser)
    folders = ["--out", str(tmp_path / "out"), "--checkpoint", str(tmp_path / "check"), "--precision", "float32"]
    assert train_eye.run(parser.parse_args(folders)) == 0
    sizes = weights.card("eye", tmp_path / "out")["config"]
    assert DescriberConfig(**sizes | {"widths": tuple(sizes["widths"])}) == describer.shipped_config()
    weights.load_into(describer.load_eye(), "eye", tmp_path / "out")
