"""Networks with random weights, for widgets to ask."""

import numpy as np
import pytest
from played import SHOWN

from vistext.data.words import Vocabulary
from vistext.models import describer, qgnet
from vistext.models.writing import Writing
from vistext.scenes import language


@pytest.fixture(scope="module")
def speaker():
    """A describer with random weights, and a judge that has opinions, whatever they are worth."""
    words = Vocabulary.build(["a cat is on the floor.", "the dog is small, and it runs."])
    config = describer.DescriberConfig(len(words), widths=(4, 4, 6, 4), depth=1, width=8, heads=2, blocks=1)
    random = np.random.default_rng(0)
    eye, writer, judge = (
        build(config) for build in (describer.build_eye, describer.build_writer, describer.build_judge)
    )
    for weight in (weight for network in (eye, writer, judge) for weight in network.trainable_variables):
        weight.assign(random.normal(scale=0.5, size=weight.shape))
    return describer.Describer(eye, Writing(writer), words), describer.Judge(eye, judge, words)


@pytest.fixture(scope="module")
def networks():
    """What an answering and an asking network are made of, with random weights; they know all words of the scenes."""
    asked = [one for scene in SHOWN for one in language.questions(scene)]
    words = Vocabulary.build(text for one in asked for text in (one.question, one.answer, one.short))
    config = qgnet.QGNetConfig(len(words), widths=(4, 4, 6, 4), depth=1, width=8, heads=2, reading=1, writing=1)
    random = np.random.default_rng(2)
    eye, encoder, decoder = (build(config) for build in (describer.build_eye, qgnet.build_encoder, qgnet.build_decoder))
    for weight in (weight for network in (eye, encoder, decoder) for weight in network.trainable_variables):
        weight.assign(random.normal(scale=0.5, size=weight.shape))
    return eye, encoder, Writing(decoder), words
