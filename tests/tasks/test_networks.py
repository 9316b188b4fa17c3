"""What holds for the networks of all lessons: pictures, batches, precision, saved and shipped weights."""

from dataclasses import asdict, replace
from functools import cache, partial

import networks
import numpy as np
import pytest
from networks import CAPTIONER, CONFIGS, QGNET, VOCABULARY, randomize

from vistext import scenes
from vistext.data.cifar10 import CLASSES
from vistext.data.vocabulary import Vocabulary
from vistext.nn import weights
from vistext.nn.decoder import CachedDecoder
from vistext.nn.engine import keras
from vistext.scenes import ontology
from vistext.tasks import captioning, classification, detection, fusion, gan, srl, vqa

PICTURES = scenes.draw_many(scenes.sample(5, 3, "val")).pictures
RANDOM = np.random.default_rng(0)
GRIDS = RANDOM.normal(size=(5, 64, 8)).astype("float32")
IDS = RANDOM.integers(4, len(VOCABULARY), (5, 2, 6)).astype("int32")
SENTENCE, QUESTION, ANSWER = "The cat is on the floor.", "Where is it?", "the floor"
INPUTS = {
    "tagger": PICTURES,
    "detector": PICTURES,
    "segmenter": PICTURES,
    "gan": [RANDOM.normal(size=(5, 6)).astype("float32"), np.arange(5, dtype="int32")],
    "image_encoder": PICTURES,
    "captioner": [GRIDS, IDS, np.ones((5, 2), "int32")],
    "discriminator": [GRIDS, np.eye(len(VOCABULARY), dtype="float32")[IDS]],
    "srl": [GRIDS, IDS[:, 0]],
    "dual_encoder": [GRIDS, IDS[:, 0]],
}
ON_PICTURES = {
    "detector.candidates": lambda: partial(detection.model.candidates, build("detector")),
    "detector.detect": lambda: partial(detection.model.detect, build("detector")),
    "segmenter.segment": lambda: partial(detection.segmenter.segment, build("segmenter")),
    "captioner.caption": lambda: networks.captioner().caption,
    "captioner.sample": lambda: partial(networks.captioner().sample, count=2),
    "captioner.beam": lambda: networks.captioner().beam,
    "discriminator.score": lambda: lambda pictures: networks.discriminator().score(pictures, [SENTENCE]),
    "discriminator.token_scores": lambda: lambda pictures: networks.discriminator().token_scores(pictures, [SENTENCE]),
    "qgnet.answer": lambda: lambda pictures: networks.vqa_model().answer(pictures, [QUESTION]),
    "question_generator.ask": lambda: (
        lambda pictures: networks.vqa_model(vqa.model.QuestionGenerator).ask(pictures, [ANSWER], seed=1)
    ),
    "srl.frames": lambda: networks.srl_model().frames,
    "dual_encoder.encode_images": lambda: (
        fusion.model.DualEncoder(networks.image_encoder(), build("dual_encoder"), VOCABULARY).encode_images
    ),
}
PREDICTORS = {  # from a memory of three pictures and the words so far; and how much its predictions differ at least
    "captioner": (64, 8, lambda *inputs: networks.captioner().decoder.network(with_lengths(*inputs))[:, 0], 1e-3),
    "discriminator": (
        64,
        8,
        lambda grids, ids: networks.discriminator().network([grids, networks.one_hot(ids)[:, np.newaxis]])[:, 0],
        1e-5,
    ),
    "qgnet decoder": (5, QGNET.width, lambda *inputs: networks.qgnet_parts()[1](list(inputs)), 1e-3),
    "srl": (64, 8, lambda *inputs: networks.srl_model().network(list(inputs)), 1e-3),
}
IN_BATCHES = {  # the size of a batch; what is computed of the first n pictures, grids or sentences
    "image encoder": (captioning.model, "ENCODING_BATCH", lambda n: encoded(PICTURES[:n])),
    "detector": (detection.model, "BATCH", lambda n: detection.model.candidates(build("detector"), PICTURES[:n])[1]),
    "segmenter": (
        detection.segmenter,
        "BATCH",
        lambda n: detection.segmenter.segment(build("segmenter"), PICTURES[:n]),
    ),
    "srl": (srl.model, "ENCODING_BATCH", lambda n: srl.model.generate(build("srl"), GRIDS[:n]).log_probabilities),
    "discriminator": (
        captioning.model,
        "SCORING_BATCH",
        lambda n: networks.discriminator().score_features(GRIDS[:n], [SENTENCE] * n),
    ),
    "scenes": (
        captioning.data,
        "ENCODING_BATCH",
        lambda n: captioning.data.encode_scenes(networks.image_encoder(), scenes.sample(n, 3, "val")),
    ),
}


def with_lengths(grids, ids):
    return [grids, ids[:, np.newaxis], np.ones((len(ids), 1), "int32")]


@cache
def build(name, seed=0):
    make, config = CONFIGS[name]
    keras.utils.set_random_seed(0)
    return randomize(make(config), seed, 0.1)


def outputs(name, network):
    results = network(INPUTS[name], training=False)
    return np.concatenate([np.ravel(np.asarray(part)) for part in results]) if isinstance(results, list) else results


def encoded(pictures):
    return captioning.model.encode_images(networks.image_encoder(), pictures)


@pytest.mark.parametrize("name", PREDICTORS)
def test_predictions_depend_on_the_picture_and_on_the_words_so_far_alone(name):
    cells, channels, predict, least = PREDICTORS[name]
    memory = np.random.default_rng(3).normal(size=(3, cells, channels)).astype("float32")
    ids = networks.random_ids(3, 6)
    predictions = np.asarray(predict(memory, ids))
    assert (predictions.shape[:2], predictions.dtype) == ((3, 6), np.float32)
    parts = tuple(range(2, predictions.ndim))
    of_other_pictures = np.asarray(predict(memory[::-1], ids))
    assert np.abs(of_other_pictures - predictions)[0].max(axis=tuple(part - 1 for part in parts)).min() > least
    after = np.asarray(predict(memory, networks.with_another_word(ids, 3)))
    assert after[:, :3] == pytest.approx(predictions[:, :3], abs=1e-5)
    assert np.abs(after - predictions)[:, 3:].max(axis=parts).min() > least


@pytest.mark.parametrize("method", ON_PICTURES)
@pytest.mark.parametrize(
    ("pictures", "error", "message"),
    [
        (np.zeros((1, 64, 64, 3), "float32"), TypeError, "float32; accepted: uint8"),
        (np.zeros((1, 64, 64, 4), "uint8"), ValueError, r"accepted: \[n, h, w, 3\]"),
        (np.zeros((64, 64, 3), "uint8"), ValueError, r"\(64, 64, 3\); accepted: \[n, h, w, 3\].*picture\[None\]"),
        (np.zeros((0, 64, 64, 3), "uint8"), ValueError, "none of them 0"),
    ],
)
def test_what_is_no_batch_of_pictures_is_refused(method, pictures, error, message):
    with pytest.raises(error, match=message):
        ON_PICTURES[method]()(pictures)


@pytest.mark.parametrize("name", IN_BATCHES)
def test_many_are_computed_in_batches_with_the_same_result(name, monkeypatch):
    module, size, compute = IN_BATCHES[name]
    whole = np.asarray(compute(5))
    monkeypatch.setattr(module, size, 2)
    assert np.asarray(compute(5)) == pytest.approx(whole, rel=1e-3, abs=1e-4)
    assert np.asarray(compute(1)) == pytest.approx(whole[:1], rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("shape", [(128, 128), (40, 100), (33, 20), (1, 300)])
def test_pictures_of_any_size_are_scaled_to_fit(shape):
    pictures = RANDOM.integers(0, 256, (2, *shape, 3), np.uint8)
    boxes, scores = detection.model.candidates(build("detector"), pictures)
    assert (boxes.shape, boxes.dtype, scores.shape, scores.dtype) == (
        (2, 256, 4),
        np.float32,
        (2, 256, detection.model.KINDS),
        np.float32,
    )
    assert (boxes >= 0).all()
    assert (boxes <= (shape[1], shape[0], shape[1], shape[0])).all()
    classes = detection.segmenter.segment(build("segmenter"), pictures)
    assert (classes.shape, classes.dtype) == ((2, *shape), np.uint8)
    assert (encoded(pictures).shape, encoded(pictures).dtype) == ((2, 64, 8), np.float32)


def test_a_larger_drawing_is_encoded_as_the_same_scene():
    large = np.repeat(np.repeat(PICTURES[:1], 2, axis=1), 2, axis=2)
    first, *others = encoded(PICTURES)
    [scaled] = encoded(large)
    assert np.abs(scaled - first).mean() < min(np.abs(scaled - other).mean() for other in others)


@pytest.mark.parametrize("name", [name for name in CONFIGS if hasattr(CONFIGS[name][1], "precision")])
def test_precision_changes_outputs_little_and_the_global_policy_not_at_all(name, bfloat16):
    make, config = CONFIGS[name]
    before = keras.config.dtype_policy()
    coarse = make(replace(config, precision=bfloat16))
    assert keras.config.dtype_policy() == before
    assert {variable.dtype for variable in coarse.variables if "seed" not in variable.path} == {"float32"}
    assert "bfloat16" in {layer.compute_dtype for layer in coarse.layers}
    coarse.set_weights(build(name).get_weights())
    exact, rough = (np.asarray(outputs(name, network), "float32") for network in (build(name), coarse))
    assert np.abs(rough - exact).max() < 0.1 * max(1, np.abs(exact).max())


@pytest.mark.parametrize("name", ["tagger", "detector", "segmenter"])
def test_keras_saves_and_loads_a_whole_network(name, tmp_path):
    build(name).save(tmp_path / "network.keras")
    back = keras.models.load_model(tmp_path / "network.keras")
    assert np.array_equal(outputs(name, back), outputs(name, build(name)))


@pytest.mark.parametrize("name", CONFIGS)
def test_what_is_loaded_is_what_was_saved_once_a_process(name, tmp_path):
    make, config = CONFIGS[name]
    sizes = {key: value for key, value in asdict(config).items() if key != "precision"}
    weights.save(build(name), name, {"config": sizes}, tmp_path)
    assert weights.config(name, type(config), tmp_path) == config
    loaded = weights.load(name, make, type(config), folder=tmp_path)
    exact = np.asarray(outputs(name, build(name)))
    assert np.asarray(outputs(name, loaded)) == pytest.approx(exact, rel=0.02, abs=1 if name == "gan" else 0.05)
    assert weights.load(name, make, type(config), folder=tmp_path) is loaded
    weights.save(build(name, seed=1), name, {"config": sizes}, tmp_path)
    assert weights.load(name, make, type(config), folder=tmp_path) is not loaded


@pytest.mark.parametrize(
    ("name", "megabytes"),
    [("tagger", 6), ("detector", 4), ("segmenter", 4), ("srl", 3), ("gan", 2), ("evaluation_classifier", 2)],
)
def test_shipped_weights_are_whole_and_small(name, megabytes):
    card = weights.card(name)
    assert weights.verify(name).stat().st_size == card["bytes"] <= megabytes * 1_000_000
    classes = {"tagger": CLASSES, "detector": ontology.KINDS, "segmenter": ontology.KINDS}.get(name, ())
    assert card.get("classes", [])[: len(classes)] == list(classes)


def test_shipped_networks_are_shared():
    assert classification.model.load() is classification.model.load()
    assert captioning.model.load().image_encoder is vqa.model.load().image_encoder
    assert vqa.model.load().decoder is vqa.model.load().decoder
    assert captioning.model.load("captioner").decoder is not captioning.model.load("captioner_gan").decoder
    assert gan.model.load().count_params() == gan.model.card()["parameters"]


def test_a_vocabulary_that_is_not_that_of_the_weights_is_refused():
    other = Vocabulary.build(["a cat"])
    encoder, decoder = networks.qgnet_parts()
    small_encoder = vqa.model.build_encoder(replace(QGNET, words=len(other)))
    small_decoder = CachedDecoder(vqa.model.build_decoder(replace(QGNET, words=len(other))))
    attempts = [
        lambda: captioning.model.Captioner(None, networks.captioner().decoder, other),
        lambda: captioning.model.Discriminator(None, networks.discriminator().network, other),
        lambda: vqa.model.QGNet(None, small_encoder, CachedDecoder(decoder), other),
        lambda: vqa.model.QuestionGenerator(None, encoder, small_decoder, other),
    ]
    for attempt in attempts:
        with pytest.raises(ValueError, match=rf"has 6 words, .* trained with {CAPTIONER.words}; take the one"):
            attempt()
