"""`python -m tools weights tagger`: make the shipped weights of lesson 01 again, and their card.

Two stages, about an hour on 2 cores that compute in bfloat16, and twice that on others. It can be stopped at any time
and run again: it goes on from its last checkpoint.
"""

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial

from scipy.special import softmax

from tools.weights import runner
from vistext import metrics
from vistext.data import cifar10
from vistext.nn.engine import keras
from vistext.nn.training import History, once
from vistext.tasks import classification
from vistext.tasks.classification.model import TaggerConfig
from vistext.tasks.classification.train import Recipe

# The shipped weights: a training to the end, and from there, at a rate that never becomes small, ten epochs whose
# weights are averaged over about four (Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima and Better
# Generalization").
SHIPPED = (
    Recipe(),
    Recipe(epochs=10, learning_rate=0.06, final_rate=0.03, cutout=8, sides=((32, 1.0),), averaging=0.995, seed=1),
)
CALIBRATION = 1000  # training pictures kept aside for the temperature; the test pictures only measure
ABOUT = {
    "task": "CIFAR-10: one of ten kinds of thing in a picture",
    "takes": "uint8 [n, h, w, 3] RGB; trained at 32 × 32",
    "gives": f"logits float32 [n, {len(cifar10.CLASSES)}], already divided by the temperature",
    "data": "CIFAR-10 (Krizhevsky 2009), training split less {aside} pictures kept aside for the temperature",
}


def train(job: runner.Job) -> str:
    """Train in stages, calibrate, measure, save."""
    data = cifar10.load()
    images, labels = data.train.pictures[:-CALIBRATION], data.train.labels[:-CALIBRATION]
    model = classification.train.build_model(SHIPPED[0], images, job.precision)
    for number, recipe in enumerate(SHIPPED, start=1):
        stage = partial(
            classification.train.train,
            replace(recipe, epochs=(recipe.epochs or 0.0) * job.share),
            images,
            labels,
            model=model,
            checkpoint=job.checkpoint / f"stage-{number}",
            label=f"stage {number} of {len(SHIPPED)}",
        )
        history = once(model, job.checkpoint / f"stage-{number}.weights.h5", partial(_history, stage))
        job.check(history, f"step {len(history.seconds)} of this stage")
    config = TaggerConfig(widths=SHIPPED[-1].widths)
    shipped = runner.as_shipped(model, classification.model.build(config), "tagger", job.out)
    temperature, measured = measure(shipped, data)
    job.save(
        shipped,
        "tagger",
        ABOUT | {"data": ABOUT["data"].format(aside=CALIBRATION)},
        {"precision": job.precision, "stages": [asdict(recipe) for recipe in SHIPPED]},
        config={"widths": list(config.widths), "temperature": round(temperature, 4)},
        classes=list(cifar10.CLASSES),
        measured=measured,
    )
    return f"Test accuracy {measured['test_accuracy']:.2%}; the card is {job.out / 'tagger.json'}."


def _history(stage: Callable[[], tuple[keras.Model, History]]) -> History:
    return stage()[1]


def measure(shipped: keras.Model, data: cifar10.Cifar10) -> tuple[float, dict]:
    """The temperature, from the last training pictures, and what the test pictures show."""
    predict = partial(shipped.predict, batch_size=500, verbose=0)
    aside = slice(-CALIBRATION, None)
    temperature = metrics.fit_temperature(predict(data.train.pictures[aside]), data.train.labels[aside])
    tested = predict(data.test.pictures)
    measured = {
        "test_accuracy": metrics.accuracy(tested, data.test.labels),
        "test_pictures": len(tested),
        "views": 1,
        "calibration_error": metrics.calibration_error(softmax(tested / temperature, axis=1), data.test.labels),
        "calibration_error_before_scaling": metrics.calibration_error(softmax(tested, axis=1), data.test.labels),
    }
    return temperature, {name: round(value, 5) for name, value in measured.items()}


NETWORK = runner.Network("tagger", train)
add_arguments, run = NETWORK.add_arguments, NETWORK.run
