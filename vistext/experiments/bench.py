"""`vistext bench`: the article's network and ours, side by side in one run, a line of JSON for each.

First the article's network is trained as the article says, ten epochs, and its time and accuracy taken. Then ours gets
a tenth of that time, and then the whole of it. Times are of this machine, building and tracing included.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace

from vistext import metrics
from vistext.data import cifar10
from vistext.engine import keras
from vistext.experiments.tagging import IN_A_TENTH, IN_THE_SAME, train
from vistext.models import tagger
from vistext.training import fastest_precision

EPOCHS, BATCH = 10, 64  # the article's
SAME_TIME_TARGET = 0.87
STARTING = 1.0  # seconds that our network needs before and after its training loop: building, whitening


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--seed", type=int, default=0, help="of every start, order and shift (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Measure, and print a line as soon as it is known."""
    for line in lines(arguments.seed):
        print(json.dumps(line), flush=True)
    return 0


def lines(seed: int = 0) -> Iterator[dict]:
    """One record a training: network, seconds, test accuracy, and for ours the target and whether it is reached."""
    data = cifar10.load()
    keras.utils.set_random_seed(seed)
    began = time.perf_counter()
    article = tagger.build_article()
    article.fit(data.train.pictures, data.train.labels, batch_size=BATCH, epochs=EPOCHS, verbose=0)
    article_seconds = time.perf_counter() - began
    article_accuracy = _accuracy(article, data.test)
    yield _line("the article's", article_seconds, article_accuracy, parameters=article.count_params())
    for name, recipe, seconds, target in (
        ("ours, in a tenth of the time", IN_A_TENTH, article_seconds / 10, article_accuracy),
        ("ours, in the same time", IN_THE_SAME, article_seconds, SAME_TIME_TARGET),
    ):
        began = time.perf_counter()
        limited = replace(recipe, seconds=seconds - STARTING, seed=seed)
        model, _ = train(limited, data.train.pictures, data.train.labels, precision=fastest_precision(), label=name)
        taken = time.perf_counter() - began
        accuracy = _accuracy(model, data.test)
        yield _line(
            name,
            taken,
            accuracy,
            parameters=model.count_params(),
            allowed_seconds=round(seconds, 1),
            target=round(target, 4),
            reached=accuracy >= target and taken <= seconds,
        )


def _accuracy(model: keras.Model, split: cifar10.Split) -> float:
    return metrics.accuracy(model.predict(split.pictures, batch_size=500, verbose=0), split.labels)


def _line(name: str, seconds: float, accuracy: float, **more) -> dict:
    return {"network": name, "seconds": round(seconds, 1), "test_accuracy": round(accuracy, 4), **more}
