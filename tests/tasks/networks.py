"""Small networks for the tests of the tasks, with weights so large that every word and every cell counts."""

import argparse
from functools import cache

import numpy as np
from scipy.special import log_softmax

from vistext.data.vocabulary import PAD, START, UNKNOWN, Vocabulary
from vistext.nn.decoder import CachedDecoder
from vistext.nn.engine import keras
from vistext.tasks import captioning, classification, detection, fusion, gan, srl, vqa

VOCABULARY = Vocabulary.build(
    ["What is the cat sitting on?", "How many dogs are there?", "Where is it?", "Yes, two.", "The cat is on the floor."]
)
WIDTHS = (8, 8, 8, 8)
CAPTIONER = captioning.model.CaptionerConfig(
    len(VOCABULARY), widths=WIDTHS, depth=1, width=8, heads=2, blocks=2, finding=1
)
QGNET = vqa.model.QGNetConfig(
    len(VOCABULARY), widths=WIDTHS, depth=1, width=16, heads=2, reading=2, writing=2, placed=True
)
FUSION = fusion.model.FusionConfig(len(VOCABULARY), channels=8, width=16, heads=2, queries=3, shared=6)
SRL = srl.model.SrlConfig(channels=8, width=16, heads=2, blocks=2)
CONFIGS = {
    "tagger": (classification.model.build, classification.model.TaggerConfig(widths=(4, 8, 8))),
    "detector": (detection.model.build, detection.model.DetectorConfig(widths=(4, 8, 8, 8), depth=1, head=0)),
    "segmenter": (detection.segmenter.build, detection.segmenter.SegmenterConfig(widths=(4, 8, 8, 8), depth=1, head=0)),
    "gan": (gan.model.build_generator, gan.model.GanConfig(noise=6, width=4)),
    "image_encoder": (captioning.model.build_image_encoder, CAPTIONER),
    "captioner": (captioning.model.build_caption_decoder, CAPTIONER),
    "discriminator": (captioning.model.build_discriminator, CAPTIONER),
    "srl": (srl.model.build, SRL),
    "dual_encoder": (fusion.model.build_dual_encoder, FUSION),
}


def randomize(network, seed=0, scale=0.4):
    """The network with random weights."""
    random = np.random.default_rng(seed)
    for weight in network.trainable_variables:
        weight.assign(random.normal(scale=scale, size=weight.shape))
    return network


def copy_of(network):
    copied = keras.models.clone_model(network)
    copied.set_weights(network.get_weights())
    return copied


@cache
def image_encoder():
    keras.utils.set_random_seed(0)
    return captioning.model.build_image_encoder(CAPTIONER)


@cache
def qgnet_parts():
    """Encoder and decoder."""
    return randomize(vqa.model.build_encoder(QGNET)), randomize(vqa.model.build_decoder(QGNET), seed=1)


@cache
def captioner():
    keras.utils.set_random_seed(0)
    decoder = randomize(captioning.model.build_caption_decoder(CAPTIONER))
    return captioning.model.Captioner(image_encoder(), CachedDecoder(decoder), VOCABULARY)


@cache
def discriminator():
    keras.utils.set_random_seed(0)
    network = randomize(captioning.model.build_discriminator(CAPTIONER))
    return captioning.model.Discriminator(image_encoder(), network, VOCABULARY)


@cache
def vqa_model(kind=vqa.model.QGNet):
    encoder, decoder = qgnet_parts()
    return kind(image_encoder(), encoder, CachedDecoder(decoder), VOCABULARY)


@cache
def srl_model():
    return srl.model.SrlModel(image_encoder(), randomize(srl.model.build(SRL), seed=3))


def detector_outputs(truth, distances=32):
    """What a detector would give that is sure of the truth, float32 [n, rows, columns, 10 + 4 * distances]."""
    kinds = np.where(np.arange(detection.model.KINDS) == truth[..., :1], 20.0, -20.0)
    edges = np.where(np.arange(distances) == truth[..., 1:, None], 20.0, -20.0)
    return np.concatenate([kinds, edges.reshape(*truth.shape[:3], -1)], axis=-1).astype("float32")


def parsed(command, *words):
    """The arguments of a command of `tools.weights`."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(words)


def stopped(kind, *steps):
    """Batches of a kind during which somebody presses Ctrl-C: at the first of these steps, later at the next, ..."""
    left = list(steps)

    class Stopped(kind):
        def __getitem__(self, step):
            if left and step == left[0]:
                del left[0]
                raise KeyboardInterrupt
            return super().__getitem__(step)

    return Stopped


def random_ids(*shape, seed=1):
    """Texts of random words, int32 [..., t], START first."""
    ids = np.random.default_rng(seed).integers(UNKNOWN + 1, len(VOCABULARY), shape).astype("int32")
    ids[..., 0] = START
    return ids


def with_another_word(ids, place):
    changed = ids.copy()
    changed[..., place] = np.where(ids[..., place] == 5, 6, 5)
    return changed


def one_hot(ids):
    """Ids as the discriminator takes them: float32 [..., words], all 0 for padding."""
    return (np.eye(len(VOCABULARY), dtype="float32") * (np.arange(len(VOCABULARY)) != PAD)[:, np.newaxis])[ids]


def expected_log_probabilities(logits, ids):
    """Those of ids int [n, u + 1], START first, by a network that was given all of them: logits [n, u, words]."""
    logits = np.array(logits, "float64")
    logits[..., [PAD, START, UNKNOWN]] = -np.inf
    logs = np.take_along_axis(log_softmax(logits, axis=-1), ids[:, 1:, np.newaxis], axis=-1)[..., 0]
    return np.where(ids[:, 1:] == PAD, 0, logs)
