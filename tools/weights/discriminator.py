"""`python -m tools weights discriminator`: make lesson 05's discriminator again, and the captioner fine-tuned by it.

It can be stopped at any time and run again: it goes on from its last checkpoint. What ships was made by several runs,
one after the other, as the cards say. Both start from the shipped captioner, which `python -m tools weights captioner`
makes.
"""

from dataclasses import replace
from itertools import chain

import numpy as np

from tools.weights import runner
from tools.weights.captioner import DATA, DRAWN, DRAWS, TAKES, TESTED, measure_captioner
from vistext import scenes
from vistext.metrics import calibration_error
from vistext.metrics.captions import roc_auc
from vistext.nn import weights
from vistext.nn.decoder import CachedDecoder
from vistext.nn.engine import keras
from vistext.scenes import language
from vistext.tasks import captioning
from vistext.tasks.captioning import adversarial, discriminator, negatives
from vistext.tasks.captioning.model import LENGTHS, Captioner, Discriminator
from vistext.tasks.captioning.train import DecodingStrategy, generate_captions

RECIPE, FINETUNING = discriminator.Recipe(), adversarial.Recipe()
CALIBRATED = 1000  # validation scenes, by whose captions scores are calibrated
OWN = 5  # captions of each scene, of the captioner's own, by which the discriminator is measured
ABOUT = {
    "discriminator": {
        "task": "tell whether a sentence matches a picture, and whether it was drawn from the data",
        "takes": "grids of the image encoder, words one-hot float32 [n, s, t, words]",
        "gives": "what each word adds to the two scores, float32 [n, s, t, 2]",
        "data": f"{DATA}; the captioner's own, marked true or false; and false and garbled ones",
    },
    "captioner_gan": {
        "task": "say which word comes next, fine-tuned by the discriminator's score",
        "takes": TAKES,
        "gives": "logits float32 [n, s, t, words]",
        "data": "scenes of the drawn world, training split, without sentences",
    },
}


def train(job: runner.Job) -> str:
    """Train and calibrate the discriminator, then fine-tune the captioner by its score; measure; save."""
    config = captioning.model.shipped_config("captioner")
    captioner = captioning.model.load("captioner")
    scorer = captioning.model.build_discriminator(config)
    if not (job.checkpoint / "discriminator.json").exists():
        recipe = job.shortened(RECIPE)
        trained = captioning.model.build_discriminator(replace(config, precision=job.precision))
        captioning.model.init_discriminator(trained, captioner.decoder.network)
        job.check(discriminator.train(recipe, captioner, trained, checkpoint=job.checkpoint / "unfinished"))
        scorer.set_weights(trained.get_weights())
        calibrate(job, captioner, scorer)
        _save(job, "discriminator", scorer, recipe)
    weights.load_into(scorer, "discriminator", job.checkpoint)
    decoder = captioning.model.build_caption_decoder(config)
    decoder.set_weights(captioner.decoder.network.get_weights())
    recipe = job.shortened(FINETUNING)
    folder = job.checkpoint / "unfinished"
    job.check(adversarial.finetune(recipe, captioner.image_encoder, decoder, scorer, checkpoint=folder))
    _save(job, "captioner_gan", decoder, recipe)
    job.publish(job.checkpoint, *ABOUT)
    measure(job, captioner)
    return f"The cards are in {job.out}."


def _save(job: runner.Job, name: str, network: keras.Model, recipe) -> None:
    """Save a network with its card, on which what was measured is still missing."""
    config, words = captioning.model.shipped_config("captioner"), list(captioning.model.vocabulary().words)
    job.save(network, name, ABOUT[name], recipe, config=config, folder=job.checkpoint, words=words)


def calibrate(job: runner.Job, captioner: Captioner, network: keras.Model) -> None:
    """Scale a discriminator's score so that of the captioner's own validation captions it is the share of true ones."""
    scorer = Discriminator(captioner.image_encoder, network, captioner.vocabulary)
    seen, grids = _encoded(captioner, "val", job.count(CALIBRATED, 20))
    scores, marks = own_scores(scorer, captioner, seen, grids, "description")
    captioning.model.calibrate(network, *discriminator.fit_calibration(scores, marks))


def measure(job: runner.Job, captioner: Captioner) -> None:
    """Measure on test scenes what is shipped, and write it on the cards."""
    config, vocabulary = captioning.model.shipped_config("captioner"), captioner.vocabulary
    network, decoder = captioning.model.build_discriminator(config), captioning.model.build_caption_decoder(config)
    weights.load_into(network, "discriminator", job.out)
    weights.load_into(decoder, "captioner_gan", job.out)
    scorer = Discriminator(captioner.image_encoder, network, vocabulary)
    tuned = Captioner(captioner.image_encoder, CachedDecoder(decoder), vocabulary)
    tested = job.count(TESTED, 20)
    seen, grids = _encoded(captioner, "test", tested)
    found = {length: measure_discriminator(scorer, captioner, seen, grids, length) for length in LENGTHS}
    job.add_measured("discriminator", found | {"scenes": tested, "draws": OWN, "seed": 0})
    several = max(2, tested * DRAWN // TESTED)
    measured = measure_captioner(tuned, seen, grids, several)
    checked = DecodingStrategy("", tuned, top_p=1.0, temperature=1.2, discriminator=scorer)
    for length in LENGTHS:
        passed = generate_captions(checked, grids[:several], length, DRAWS)
        measured[length]["passing"] = captioning.train.evaluate(passed, seen[:several])
    job.add_measured("captioner_gan", measured)


def measure_discriminator(
    scorer: Discriminator, captioner: Captioner, seen: list[scenes.Scene], grids: np.ndarray, length: str
) -> dict[str, float]:
    """How well a discriminator tells apart what matches and what does not.

    Returns:
        own: the AUC, of the captioner's own sentences, true against others; changed, swapped, garbled, mismatched: the
        AUC of true sentences of the data against such; ece: the calibration error on its own sentences; evidence: the
        share of sentences with one changed fact in which a changed word has the lowest score.
    """
    rng = np.random.default_rng(0)
    true = [language.describe(scene, length, rng) for scene in seen]
    own, marks = own_scores(scorer, captioner, seen, grids, length)
    changed = [negatives.change_fact(text, scene, rng) for text, scene in zip(true, seen, strict=True)]
    made: dict[str, list[str | None]] = {
        "changed": [each and each[0] for each in changed],
        "swapped": [negatives.swap_traits(text, scene, rng) for text, scene in zip(true, seen, strict=True)],
        "garbled": [negatives.garble(text, scene, rng) for text, scene in zip(true, seen, strict=True)],
        "mismatched": [*captioning.train.sample_negatives(seen, length)],
    }
    right, found = scorer.score_features(grids, true), {"own": roc_auc(own[marks], own[~marks])}
    for kind, texts in made.items():
        rows = [row for row, text in enumerate(texts) if text]
        found[kind] = roc_auc(right, scorer.score_features(grids[rows], [text for text in texts if text]))
    found["ece"] = calibration_error(np.stack([1 - own, own], axis=1), marks.astype(int))
    rows, named = [row for row, each in enumerate(changed) if each], [each for each in changed if each]
    tokens = scorer.token_scores_of_features(grids[rows], [text for text, _ in named])
    lowest = [int(np.argmin([score for _, score in each])) for each in tokens]
    found["evidence"] = float(np.mean([at in range(99)[wrong] for (_, wrong), at in zip(named, lowest, strict=True)]))
    return {name: round(value, 4) for name, value in found.items()}


def own_scores(
    scorer: Discriminator, captioner: Captioner, seen: list[scenes.Scene], grids: np.ndarray, length: str
) -> tuple[np.ndarray, np.ndarray]:
    """The scores of the captioner's own sentences, and which are true: float32 and bool, both [n · OWN]."""
    drawn = generate_captions(DecodingStrategy("", captioner, top_p=1.0), grids, length, OWN)
    marks = [bool(language.evaluate(text, scene)) for scene, texts in zip(seen, drawn, strict=True) for text in texts]
    return scorer.score_features(np.repeat(grids, OWN, axis=0), list(chain(*drawn))), np.array(marks)


def _encoded(captioner: Captioner, split: str, count: int) -> tuple[list[scenes.Scene], np.ndarray]:
    seen = scenes.sample(count, 0, split)
    return seen, captioning.data.encode_scenes(captioner.image_encoder, seen).astype("float32")


NETWORK = runner.Network("discriminator", train)
add_arguments, run = NETWORK.add_arguments, NETWORK.run
