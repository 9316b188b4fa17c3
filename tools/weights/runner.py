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

from vistext.nn import weights
from vistext.nn.engine import fastest_dtype_policy, keras, tf

INTERRUPTED = 130  # the exit code of what Ctrl-C has stopped


class InterruptedTrainingError(Exception):
    """Ctrl-C has stopped a training, which keeps what is unfinished."""


@dataclass(frozen=True)
class Job:
    """A run of one of the commands.

    Attributes:
        name: the command's.
        share: of the full training, to try it out.
        precision: the Keras dtype policy to compute in.
        checkpoint: a folder for what is unfinished.
        out: a folder for the weights and their cards.
        only: the one network to make, of those that the command makes; None for all.
    """

    name: str
    share: float
    precision: str
    checkpoint: Path
    out: Path
    only: str | None = None

    def shortened(self, recipe: Any) -> Any:
        """The recipe with its share of the steps."""
        return replace(recipe, steps=max(1, round(recipe.steps * self.share)))

    def count(self, full: int, least: int) -> int:
        """A share of so many scenes or pictures."""
        return max(least, round(full * min(1.0, self.share)))

    def check(self, history: Any, where: str = "") -> None:
        """Go on if a training came to its end.

        Raises:
            InterruptedTrainingError: it was interrupted.
        """
        if history.interrupted:
            raise InterruptedTrainingError(where)

    def save(
        self,
        model: keras.Model,
        name: str,
        about: dict,
        recipe: dict,
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
            recipe: how it was trained.
            config: a dataclass or dictionary, its sizes.
            folder: where to; by default `out`.
            more: what else stands on the card.
        """
        sizes = dict(config) if isinstance(config, dict) else asdict(config)
        sizes.pop("precision", None)  # shipped weights are float32, whatever they were trained in
        card = {
            "name": name,
            **about,
            "recipe": {"command": f"python -m tools weights {self.name}", "share": self.share, **recipe},
            "config": sizes,
            **more,
            "made": time.strftime("%Y-%m-%d"),
            "versions": {"python": platform.python_version(), "tensorflow": tf.__version__, "keras": keras.__version__},
        }
        weights.save(model, name, card, folder or self.out)

    def add_measured(self, name: str, measured: dict, folder: Path | None = None) -> None:
        """Write on a card what was measured."""
        folder = folder or self.out
        weights.write_card(weights.card(name, folder) | {"measured": measured}, name, folder)

    def publish(self, folder: Path, *names: str) -> None:
        """Copy weights and cards from a folder of the checkpoint to `out`."""
        self.out.mkdir(parents=True, exist_ok=True)
        for name in names:
            for file in folder.glob(f"{name}.*"):
                shutil.copy(file, self.out)


def as_shipped(trained: keras.Model, fresh: keras.Model, name: str, folder: Path) -> keras.Model:
    """A fresh network with trained weights as they will be shipped: kernels have been through float16."""
    weights.save(trained, name, {}, folder)
    weights.load_into(fresh, name, folder)
    return fresh


def settings(recipe: Any) -> dict:
    """A recipe for a card, which has the network's sizes elsewhere."""
    return {name: value for name, value in asdict(recipe).items() if name != "network"}


@dataclass(frozen=True)
class Network:
    """A command that makes shipped weights.

    Attributes:
        name: the command's.
        train: trains, measures and saves; gives a line on what came of it.
        parts: the networks that it makes, if one can be made alone.
        precision: whether it can be chosen in what to compute.
    """

    name: str
    train: Callable[[Job], str]
    parts: tuple[str, ...] = ()
    precision: bool = True

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's options."""
        unfinished = Path("checkpoints") / self.name
        parser.add_argument("--share", type=float, default=1.0, help="of the full training, to try it (default: all)")
        parser.add_argument("--fresh", action="store_true", help="forget the checkpoint of an earlier, unfinished run")
        parser.add_argument("--out", type=Path, default=weights.FOLDER, help="folder for the weights and their cards")
        parser.add_argument("--checkpoint", type=Path, default=unfinished, help="folder for what is unfinished")
        if self.precision:
            accepted = ("float32", "mixed_bfloat16")
            parser.add_argument("--precision", choices=accepted, help="(default: the faster one here)")
        if self.parts:
            parser.add_argument("--only", choices=self.parts, help="one of the networks (default: all)")

    def run(self, arguments: argparse.Namespace) -> int:
        """Train, measure and save; the exit code."""
        only = getattr(arguments, "only", None)
        if arguments.fresh:
            shutil.rmtree(arguments.checkpoint / only if only else arguments.checkpoint, ignore_errors=True)
        precision = getattr(arguments, "precision", None) or fastest_dtype_policy()
        job = Job(self.name, arguments.share, precision, arguments.checkpoint, arguments.out, only)
        try:
            outcome = self.train(job)
        except InterruptedTrainingError as interruption:
            where = f" from {interruption}" if str(interruption) else ""
            print(f"Interrupted; run the same command again to go on{where}.")
            return INTERRUPTED
        if not self.parts:  # each of which is forgotten when it is done
            shutil.rmtree(arguments.checkpoint, ignore_errors=True)
        print(outcome)
        return 0
