"""Networks with random weights, for widgets to ask."""

import numpy as np
import pytest
from played import SHOWN

from vistext.data.vocabulary import Vocabulary
from vistext.nn.decoder import Writing
from vistext.scenes import language
from vistext.tasks import captioning, vqa


@pytest.fixture(scope="module")
def speaker():
    """A describer with random weights, and a judge that has opinions, whatever they are worth."""
    words = Vocabulary.build(["a cat is on the floor.", "the dog is small, and it runs."])
    config = captioning.model.DescriberConfig(len(words), widths=(4, 4, 6, 4), depth=1, width=8, heads=2, blocks=1)
    random = np.random.default_rng(0)
    eye, writer, judge = (
        build(config)
        for build in (captioning.model.build_eye, captioning.model.build_writer, captioning.model.build_judge)
    )
    for weight in (weight for network in (eye, writer, judge) for weight in network.trainable_variables):
        weight.assign(random.normal(scale=0.5, size=weight.shape))
    return captioning.model.Describer(eye, Writing(writer), words), captioning.model.Judge(eye, judge, words)


@pytest.fixture(scope="module")
def networks():
    """What an answering and an asking network are made of, with random weights; they know all words of the scenes."""
    asked = [one for scene in SHOWN for one in language.questions(scene)]
    words = Vocabulary.build(text for one in asked for text in (one.question, one.answer, one.short))
    config = vqa.model.QGNetConfig(len(words), widths=(4, 4, 6, 4), depth=1, width=8, heads=2, reading=1, writing=1)
    random = np.random.default_rng(2)
    eye, encoder, decoder = (
        build(config) for build in (captioning.model.build_eye, vqa.model.build_encoder, vqa.model.build_decoder)
    )
    for weight in (weight for network in (eye, encoder, decoder) for weight in network.trainable_variables):
        weight.assign(random.normal(scale=0.5, size=weight.shape))
    return eye, encoder, Writing(decoder), words
