"""Networks with random weights, for widgets to ask."""

import numpy as np
import pytest
from played import SHOWN

from vistext.data.vocabulary import Vocabulary
from vistext.nn.decoder import CachedDecoder
from vistext.scenes import language
from vistext.tasks import captioning, vqa


@pytest.fixture(scope="module")
def speaker():
    """A describer with random weights, and a judge that has opinions, whatever they are worth."""
    words = Vocabulary.build(["a cat is on the floor.", "the dog is small, and it runs."])
    config = captioning.model.CaptionerConfig(len(words), widths=(4, 4, 6, 4), depth=1, width=8, heads=2, blocks=1)
    random = np.random.default_rng(0)
    image_encoder, writer, judge = (
        build(config)
        for build in (
            captioning.model.build_image_encoder,
            captioning.model.build_caption_decoder,
            captioning.model.build_discriminator,
        )
    )
    for weight in (weight for network in (image_encoder, writer, judge) for weight in network.trainable_variables):
        weight.assign(random.normal(scale=0.5, size=weight.shape))
    return captioning.model.Captioner(image_encoder, CachedDecoder(writer), words), captioning.model.Discriminator(
        image_encoder, judge, words
    )


@pytest.fixture(scope="module")
def networks():
    """What an answering and an asking network are made of, with random weights; they know all words of the scenes."""
    asked = [one for scene in SHOWN for one in language.all_questions(scene)]
    words = Vocabulary.build(text for one in asked for text in (one.question, one.answer, one.short))
    config = vqa.model.QGNetConfig(len(words), widths=(4, 4, 6, 4), depth=1, width=8, heads=2, reading=1, writing=1)
    random = np.random.default_rng(2)
    image_encoder, encoder, decoder = (
        build(config)
        for build in (captioning.model.build_image_encoder, vqa.model.build_encoder, vqa.model.build_decoder)
    )
    for weight in (weight for network in (image_encoder, encoder, decoder) for weight in network.trainable_variables):
        weight.assign(random.normal(scale=0.5, size=weight.shape))
    return image_encoder, encoder, CachedDecoder(decoder), words
