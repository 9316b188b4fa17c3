"""What all trainings of shipped weights have in common: options, how they end, and the cards of what they make.

A module that declares one has a docstring, `train(job)`, and two lines:

    NETWORK = runner.Network("srl", train)
    add_arguments, run = NETWORK.add_arguments, NETWORK.run
"""

import argparse
import platform
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from vistext import scenes
from vistext.nn import weights
from vistext.nn.engine import fastest_dtype_policy, keras, tf
from vistext.tasks import captioning

INTERRUPTED = 130  # the exit code of what Ctrl-C has stopped
SAMPLED = {"crowded": 0.8, "twins": 0.4}  # of the scenes to learn from; see `captioning.data.sample_crowded`


class InterruptedTrainingError(Exception):
    """Ctrl-C has stopped a training, which keeps what is unfinished."""


@dataclass(frozen=True)
class Job:
    """A run of one of the commands."""

    name: str  # the command's
    share: float  # of the full training, to try it out
    precision: str  # the Keras dtype policy to compute in
    checkpoint: Path  # a folder for what is unfinished
    out: Path  # a folder for the weights and their cards
    only: str | None = None  # the one network to make, of those that the command makes

    def shortened(self, recipe: Any) -> Any:
        """The recipe with its share of the steps."""
        return replace(recipe, steps=max(1, round(recipe.steps * self.share)))

    def count(self, full: int, least: int) -> int:
        """A share of so many scenes or pictures."""
        return max(least, round(full * min(1.0, self.share)))

    def check(self, history: Any, where: str = "") -> None:
        """Go on if a training came to its end; else raise InterruptedTrainingError."""
        if history.interrupted:
            raise InterruptedTrainingError(where)

    def save(
        self,
        model: keras.Model,
        name: str,
        about: dict,
        recipe: Any,
        *,
        config: Any,
        folder: Path | None = None,
        **more,
    ) -> None:
        """Save a network with its card.

        Args:
            model: the network.
            name: of its weights.
            about: "task", "takes", "gives" and "data".
            recipe: how it was trained, a dataclass or dictionary.
            config: its sizes, a dataclass or dictionary.
            folder: where to; by default `out`.
            more: what else stands on the card.
        """
        sizes = _settings(config)
        sizes.pop("precision", None)  # shipped weights are float32, whatever they were trained in
        how = {key: value for key, value in _settings(recipe).items() if key != "network"}  # whose sizes are above
        card = {
            "name": name,
            **about,
            "recipe": {"command": f"python -m tools weights {self.name}", "share": self.share, **how},
            "config": sizes,
            **more,
            "made": time.strftime("%Y-%m-%d"),
            "versions": {"python": platform.python_version(), "tensorflow": tf.__version__, "keras": keras.__version__},
        }
        weights.save(model, name, card, folder or self.out)

    def add_measured(self, name: str, measured: dict) -> None:
        """Write on a card what was measured."""
        weights.write_card(weights.card(name, self.out) | {"measured": measured}, name, self.out)

    def publish(self, folder: Path, *names: str) -> None:
        """Copy weights and cards from a folder of the checkpoint to `out`."""
        self.out.mkdir(parents=True, exist_ok=True)
        for name in names:
            for file in folder.glob(f"{name}.*"):
                shutil.copy(file, self.out)


def _settings(of: Any) -> dict:
    return dict(of) if isinstance(of, dict) else asdict(of)


def as_shipped(trained: keras.Model, fresh: keras.Model, name: str, folder: Path) -> keras.Model:
    """A fresh network with trained weights as they will be shipped: kernels have been through float16."""
    weights.save(trained, name, {}, folder)
    weights.load_into(fresh, name, folder)
    return fresh


def training_scenes(count: int) -> tuple[list[scenes.Scene], np.ndarray]:
    """Scenes to learn from, and what the shipped image encoder gives for them."""
    seen = captioning.data.sample_crowded(count, SAMPLED["crowded"], scenes.TRAIN_SEED_OFFSET, SAMPLED["twins"])
    return seen, captioning.data.encode_scenes(captioning.model.load_image_encoder(), seen)


def measure_splits(evaluate: Callable[[str], dict], **head: Any) -> dict:
    """What is measured on each test split, for a card."""
    return {**head, "seed": 0} | {split: evaluate(split) for split in ("test", "compositional")}


@dataclass(frozen=True)
class Network:
    """A command that makes shipped weights."""

    name: str
    train: Callable[[Job], str]  # trains, measures and saves; gives a line on what came of it
    parts: tuple[str, ...] = ()  # the networks that it makes, if one can be made alone
    precision: bool = True  # whether it can be chosen in what to compute

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's options."""
        unfinished = Path("checkpoints") / self.name
        parser.add_argument("--share", type=float, default=1.0, help="of the full training, to try it (default: all)")
        parser.add_argument("--fresh", action="store_true", help="forget the checkpoint of an earlier, unfinished run")
        parser.add_argument("--out", type=Path, default=weights.FOLDER, help="folder for the weights and their cards")
        parser.add_argument("--checkpoint", type=Path, default=unfinished, help="folder for what is unfinished")
        parser.set_defaults(precision=None, only=None)
        if self.precision:
            accepted = ("float32", "mixed_bfloat16")
            parser.add_argument("--precision", choices=accepted, help="(default: the faster one here)")
        if self.parts:
            parser.add_argument("--only", choices=self.parts, help="one of the networks (default: all)")

    def run(self, given: argparse.Namespace) -> int:
        """Train, measure and save; the exit code."""
        if given.fresh:
            shutil.rmtree(given.checkpoint / (given.only or ""), ignore_errors=True)
        precision = given.precision or fastest_dtype_policy()
        job = Job(self.name, given.share, precision, given.checkpoint, given.out, given.only)
        try:
            outcome = self.train(job)
        except InterruptedTrainingError as interruption:
            where = f" from {interruption}" if str(interruption) else ""
            print(f"Interrupted; run the same command again to go on{where}.")
            return INTERRUPTED
        if not self.parts:  # each of which is forgotten when it is done
            shutil.rmtree(given.checkpoint, ignore_errors=True)
        print(outcome)
        return 0
