"""What every shipped network gives for fixed inputs is what it gave when it was measured, on any supported version.

`shipped_outputs.json` holds it: words exactly, numbers to the first digits. Cards and lessons quote figures that were
measured once; whoever changes code around a network sees here that it is still the same network. After training new
weights: `python tests/tasks/test_shipped_outputs.py`, which writes the file anew, and a look at what has changed.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from vistext import scenes
from vistext.data import images as photographs
from vistext.nn import decoding, weights
from vistext.scenes import portraits
from vistext.tasks import captioning, classification, detection, fusion, gan, srl, vqa

STORED = Path(__file__).with_name("shipped_outputs.json")
SENTENCES = ["A cat is sitting on the floor.", "A cat sitting is floor the on.", "A red car is driving to the left."]
TOLERANCE = 0.01  # of a number, absolutely or relatively: what builds, processors and bfloat16 may differ by


def drawings() -> np.ndarray:
    """The course's own scene and three others: uint8 [4, 64, 64, 3]."""
    chosen = [scenes.course_scene(), *scenes.sample(3, 20, "test")]
    return np.stack([scenes.draw(scene).picture for scene in chosen])


def small() -> np.ndarray:
    """The photograph of the course, and ten portraits: uint8 [11, 32, 32, 3]."""
    return np.concatenate(
        [photographs.center_crop(photographs.cat(), 32)[np.newaxis], portraits.make(10, 5, "test")[0]]
    )


def summary(array) -> list:
    """An array in a few numbers: shape, mean, deviation, and some of its values."""
    array = np.asarray(array, "float64")
    some = array.ravel()[:: max(1, array.size // 16)][:16]
    return [list(array.shape), array.mean(), array.std(), *some.tolist()]


def tags(network):
    return summary(network(small(), training=False))


def detections():
    found = detection.model.detect(detection.model.load(), drawings())
    return [[each.boxes.round().tolist(), each.kinds.tolist(), summary(each.scores)] for each in found]


def captions(name: str):
    captioner, z = captioning.model.load(name), decoding.sample_noise(4, captioning.model.MAX_LENGTH["description"], 3)
    return {
        **{length: captioner.caption(drawings(), length) for length in captioning.model.LENGTHS},
        "sampled": captioner.caption(drawings(), z=z, temperature=0.7),
        "beam": captioner.beam(drawings(), width=3),
    }


def matches():
    pictures, network = np.repeat(drawings()[:1], 3, axis=0), captioning.model.load_discriminator()
    evidence = [[value for _, value in each] for each in network.token_scores(pictures, SENTENCES)]
    return [network.score(pictures, SENTENCES).tolist(), evidence]


def answers(name: str):
    if name == "qgnet_easyvqa":
        asked = ["what color is the shape?", "is there a circle?", "what shape is present?", "is there a red shape?"]
    else:
        asked = [
            "What is the cat sitting on?",
            "How many birds are there?",
            "Is there a dog?",
            "What is left of the cat?",
        ]
    said = vqa.model.load(name).answer(drawings(), asked)
    return [[answer.text, answer.probability] for answer in said]


def questions():
    return vqa.model.load_question_generator().ask(drawings(), ["the floor", "two", "yes", "grey"])


def frames():
    found = srl.model.load().frames(drawings())
    return [[[frame.verb, [list(role) for role in frame.roles], frame.probability] for frame in each] for each in found]


def embeddings():
    pair = fusion.model.load()
    texts = [SENTENCES[0], SENTENCES[2]]
    return [
        summary(pair.encode_images(drawings())),
        summary(pair.encode_texts(texts)),
        (pair.encode_images(drawings()) @ pair.encode_texts(texts).T).tolist(),
    ]


def puzzle_logits():
    encoder, network, vocabulary = fusion.model.load_puzzle_solver()
    grid = captioning.model.encode_images(encoder, drawings()[:2])
    ids = vocabulary.encode([SENTENCES[0], SENTENCES[2]])
    return summary(network([grid, ids[:, np.newaxis]], training=False))


def easyvqa_features():
    return summary(captioning.model.encode_images(vqa.model.load("qgnet_easyvqa").image_encoder, drawings()))


OUTPUTS = {
    "tagger": lambda: tags(classification.model.load()),
    "evaluation_classifier": lambda: tags(gan.train.load_evaluation_classifier()),
    "detector": detections,
    "segmenter": lambda: np.bincount(
        detection.segmenter.segment(detection.segmenter.load(), drawings()).ravel(), minlength=11
    ).tolist(),
    "gan": lambda: summary(gan.model.generate(gan.model.load(), np.arange(10), seed=4)),
    "image_encoder": lambda: summary(captioning.model.encode_images(captioning.model.load_image_encoder(), drawings())),
    "qgnet_easyvqa_image_encoder": easyvqa_features,
    "captioner": lambda: captions("captioner"),
    "captioner_gan": lambda: captions("captioner_gan"),
    "discriminator": matches,
    "qgnet": lambda: answers("qgnet"),
    "qgnet_easyvqa": lambda: answers("qgnet_easyvqa"),
    "question_generator": questions,
    "srl": frames,
    "dual_encoder": embeddings,
    "puzzle_solver": puzzle_logits,
}


def plain(value):
    """As JSON holds it, numbers to six digits."""
    return json.loads(json.dumps(value), parse_float=lambda text: float(f"{float(text):.6g}"))


def differences(given, stored, place="") -> list[str]:
    """Where two outputs differ: text and whole numbers in anything, others beyond the tolerance."""
    if isinstance(stored, dict) and isinstance(given, dict) and given.keys() == stored.keys():
        return [line for key in stored for line in differences(given[key], stored[key], f"{place}.{key}")]
    if isinstance(stored, list) and isinstance(given, list) and len(given) == len(stored):
        pairs = enumerate(zip(given, stored, strict=True))
        return [line for number, (one, other) in pairs for line in differences(one, other, f"{place}[{number}]")]
    if isinstance(stored, float) and isinstance(given, int | float):
        near = abs(given - stored) <= TOLERANCE * max(1, abs(stored))
        return [] if near else [f"{place}: {given} where {stored} is stored"]
    return [] if given == stored else [f"{place}: {given!r} where {stored!r} is stored"]


def test_of_every_network_that_is_shipped_the_outputs_are_stored():
    shipped = {file.stem for file in weights.FOLDER.glob("*.npz")}
    assert set(OUTPUTS) == shipped
    assert json.loads(STORED.read_text("utf-8")).keys() == shipped


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_shipped_network_gives_what_it_gave(name):
    stored = json.loads(STORED.read_text("utf-8"))[name]
    assert differences(plain(OUTPUTS[name]()), stored, name) == []


def test_another_word_and_another_number_are_seen():
    stored = {"text": ["a cat"], "score": 0.5, "count": 3}
    assert differences(stored, stored) == []
    assert differences(stored | {"score": 0.505}, stored) == []
    for changed in ({"text": ["a dog"]}, {"score": 0.52}, {"count": 4}, {"text": []}):
        assert len(differences(stored | changed, stored)) == 1


if __name__ == "__main__":
    found = {name: plain(outputs()) for name, outputs in sorted(OUTPUTS.items())}
    lines = [f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in found.items()]
    STORED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
