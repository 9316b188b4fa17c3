"""Networks with random weights, and figures as matplotlib has them."""

import numpy as np
import pytest
from parsed import SHOWN

from vistext.data.vocabulary import Vocabulary
from vistext.display import plots
from vistext.nn.decoder import CachedDecoder
from vistext.scenes import language
from vistext.tasks import captioning, vqa

SIZES = {"widths": (4, 4, 6, 4), "depth": 1, "width": 8, "heads": 2}


@pytest.fixture
def drawn(monkeypatch):
    """Makes the plots give their matplotlib figure, so that what stands in it can be read."""
    monkeypatch.setattr(plots, "_finish", lambda figure, alt, note: figure)


def randomized(config, *builders):
    """Networks with large weights: what they generate is nonsense, but not always the same."""
    random = np.random.default_rng(0)
    networks = [build(config) for build in builders]
    for weight in (weight for network in networks for weight in network.trainable_variables):
        weight.assign(random.normal(scale=0.5, size=weight.shape))
    return networks


@pytest.fixture(scope="session")
def captioner_and_discriminator():
    model, words = captioning.model, Vocabulary.build(["a cat is on the floor.", "the dog is small, and it runs."])
    image_encoder, decoder, network = randomized(
        model.CaptionerConfig(len(words), blocks=1, **SIZES),
        model.build_image_encoder,
        model.build_caption_decoder,
        model.build_discriminator,
    )
    captioner = model.Captioner(image_encoder, CachedDecoder(decoder), words)
    return captioner, model.Discriminator(image_encoder, network, words)


@pytest.fixture(scope="session")
def qgnet_parts():
    """What a network that answers or asks is made of; it knows all words of the scenes."""
    questions = [question for scene in SHOWN for question in language.all_questions(scene)]
    words = Vocabulary.build(text for each in questions for text in (each.question, each.answer, each.short))
    image_encoder, encoder, decoder = randomized(
        vqa.model.QGNetConfig(len(words), reading=1, writing=1, **SIZES),
        captioning.model.build_image_encoder,
        vqa.model.build_encoder,
        vqa.model.build_decoder,
    )
    return image_encoder, encoder, CachedDecoder(decoder), words
