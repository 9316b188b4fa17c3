"""Training and measuring lesson 06's networks, on a small scale."""

import argparse
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.special import log_softmax

from tools.weights import qgnet
from vistext import scenes
from vistext.data import easyvqa
from vistext.data.easyvqa import Split
from vistext.data.vocabulary import END, PAD, START, UNKNOWN, Vocabulary
from vistext.nn import weights
from vistext.nn.decoder import CachedDecoder
from vistext.nn.engine import keras
from vistext.scenes import language
from vistext.scenes.language import Question
from vistext.tasks import captioning, vqa
from vistext.tasks.vqa.model import MAX_LENGTH, QGNet, QGNetConfig
from vistext.tasks.vqa.train import Recipe, VqaBatches, VqaDataset

EASY = Split(
    np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), "uint8"),
    (
        "what color is the circle?",
        "is there a red shape?",
        "what shape is in the image?",
        "is there a blue shape?",
        "is there a circle?",
        "does the image contain a triangle?",
        "what shape is present?",
        "is no circle present?",
    ),
    ("red", "yes", "circle", "no", "yes", "yes", "triangle", "no"),
    np.array([1, 1, 1, 1, 1, 0, 0, 2], np.int32),
)
WORDS = vqa.train.easy_vocabulary(EASY)
SMALL = QGNetConfig(len(WORDS), widths=(8, 8, 8, 8), depth=1, width=16, heads=2, reading=1, writing=1)
SEEN = scenes.sample(5, 4, "train")
PICTURES, TEXTS, ASKED = 6, 5, 3


@pytest.fixture(scope="module")
def image_encoder():
    keras.utils.set_random_seed(0)
    return captioning.model.build_image_encoder(SMALL)


def numbered(*, pictures=False):
    """A dataset in which every picture and text says which it is, and texts have one word to five."""
    number = np.arange(PICTURES)[:, np.newaxis] * TEXTS + np.arange(TEXTS) + 4
    texts = np.full((PICTURES, TEXTS, MAX_LENGTH), PAD, "int16")
    texts[..., 0] = START
    for column in range(TEXTS):
        texts[:, column, 1 : column + 2] = number[:, column, np.newaxis]
        texts[:, column, column + 2] = END
    shape, kind = ((64, 64, 3), "uint8") if pictures else ((64, 8), "float16")
    seen = np.broadcast_to(np.arange(PICTURES).reshape(-1, *[1] * len(shape)), (PICTURES, *shape)).astype(kind)
    return VqaDataset(seen, texts, np.where(texts > END, texts + 100, texts).astype("int16"))


def same(one, other):
    """Whether two batches are equal."""
    (*inputs, labels), (*others, following) = ((*each[0], each[1]) for each in (one, other))
    pairs = zip([*inputs, labels], [*others, following], strict=True)
    return all(np.array_equal(first, second) for first, second in pairs)


def test_the_vocabularies_have_every_word_that_is_asked_and_answered_and_each_text_fits():
    for split in ("test", "compositional"):
        _, asked = vqa.train.sample_questions(scenes.sample(150, 1, split), 4)
        texts = [text for each in asked for text in (each.question, each.answer, each.short)]
        assert not (vqa.train.vocabulary().encode(texts, MAX_LENGTH) == UNKNOWN).any()
    assert not WORDS.unknown(" ".join([*EASY.questions, "red yes circle no triangle"]))
    assert WORDS.unknown("green")


def test_encoded_scenes_are_their_encoded_pictures(image_encoder):
    grids = captioning.data.encode_scenes(image_encoder, SEEN)
    assert (grids.shape, grids.dtype) == ((5, 64, 8), np.float16)
    expected = captioning.model.encode_images(image_encoder, scenes.draw_many(SEEN).pictures)
    assert grids == pytest.approx(expected, abs=0.01)


def texts_of(table, words):
    return [words.decode(each) for each in table]


@pytest.mark.parametrize("reverse", [False, True])
def test_a_dataset_of_the_drawn_world_asks_about_its_own_scenes(reverse):
    grids = np.zeros((5, 64, 8), "float16")
    dataset = vqa.train.world_dataset(grids, SEEN, 6, seed=3, reverse=reverse)
    assert dataset.pictures is grids
    assert dataset.inputs.shape[:2] == dataset.targets.shape[:2] == (5, 6)
    assert dataset.inputs.dtype == dataset.targets.dtype == np.int16
    inputs, targets = (texts_of(table, vqa.train.vocabulary()) for table in (dataset.inputs, dataset.targets))
    for scene, read, written in zip(SEEN, inputs, targets, strict=True):
        asked = language.all_questions(scene)
        pairs = {(each.short, each.question) if reverse else (each.question, each.answer) for each in asked}
        assert set(zip(read, written, strict=True)) <= pairs
        assert len(set(written)) > 1
    again = vqa.train.world_dataset(grids, SEEN, 6, seed=3, reverse=reverse)
    assert np.array_equal(again.inputs, dataset.inputs)
    assert not np.array_equal(vqa.train.world_dataset(grids, SEEN, 6, reverse=reverse).inputs, dataset.inputs)


def test_questions_of_easy_vqa_stay_with_their_picture_and_answer_and_the_seed_decides_which():
    dataset = vqa.train.easyvqa_dataset(EASY, WORDS, 4, seed=1)
    assert np.array_equal(dataset.pictures, EASY.pictures)
    assert dataset.inputs.shape[:2] == dataset.targets.shape[:2] == (3, 4)
    read, written = texts_of(dataset.inputs, WORDS), texts_of(dataset.targets, WORDS)
    for row, different in enumerate((2, 4, 1)):  # of 2, 5 and 1
        about = np.flatnonzero(EASY.picture_of == row)
        pairs = {(EASY.questions[i], EASY.answers[i]) for i in about}
        found = {(one.lower(), other) for one, other in zip(read[row], written[row], strict=True)}
        assert found <= pairs
        assert len(found) == different
    again, *others = (vqa.train.easyvqa_dataset(EASY, WORDS, 4, seed).inputs for seed in range(1, 20))
    assert np.array_equal(again, dataset.inputs)
    left_out = {
        text for other in others for text in EASY.questions[:5] if text.capitalize() not in texts_of(other, WORDS)[1]
    }
    assert left_out == set(EASY.questions[:5])


def test_batches_keep_pictures_questions_and_answers_together():
    dataset = numbered()
    (seen, read, before), following = VqaBatches(dataset, Recipe(SMALL, steps=1, batch_size=40, asked=ASKED))[0]
    assert (seen.shape, seen.dtype) == ((40, 64, 8), np.float32)
    assert read.shape[:2] == before.shape[:2] == (40, ASKED)
    assert {each.dtype for each in (read, before, following)} == {np.dtype("int32")}
    assert set(seen[:, 0, 0]) == set(range(PICTURES))
    first = read[..., 1]
    assert ((first - 4) // TEXTS == seen[:, 0, :1]).all()
    assert len(set(first[0])) == ASKED
    assert (before[..., 0] == START).all()
    assert (following[..., 0] == first + 100).all()
    assert np.array_equal(before[..., 1:], following[..., :-1])
    for table in (read, following):  # no column is padding alone, and nothing is cut off
        assert (table != PAD).any(axis=(0, 1)).all()
        assert (table == END).sum(axis=-1).all()


def test_batches_of_a_dataset_with_fewer_texts_have_them_all():
    (_, read, _), _ = VqaBatches(numbered(), Recipe(SMALL, steps=1, batch_size=4, asked=TEXTS + 3))[0]
    assert [len(set(each)) for each in read[..., 1]] == [TEXTS] * 4


@pytest.mark.parametrize("pictures", [False, True])
def test_batches_turn_pictures_and_not_grids_and_depend_on_their_number_and_the_seed_alone(pictures):
    dataset, recipe = numbered(pictures=pictures), Recipe(SMALL, steps=1, batch_size=40, asked=ASKED)
    dataset.pictures[:] = np.random.default_rng(0).integers(0, 256, dataset.pictures.shape)
    before = dataset.pictures.copy()
    (seen, _, _), _ = VqaBatches(dataset, recipe)[0]
    assert seen.dtype == (np.uint8 if pictures else np.float32)
    whole = {each.tobytes() for each in before.astype(seen.dtype)}
    upright = sum(each.tobytes() in whole for each in seen)
    assert (0 < upright < 20) if pictures else upright == 40
    assert np.array_equal(dataset.pictures, before)
    second = VqaBatches(dataset, recipe)[1]
    assert same(VqaBatches(dataset, replace(recipe))[1], second)
    assert not same(VqaBatches(dataset, recipe)[0], second)
    assert not same(VqaBatches(dataset, replace(recipe, seed=1))[1], second)


@pytest.mark.parametrize("without", vqa.train.ABLATIONS)
@pytest.mark.parametrize("pictures", [False, True])
def test_withheld_is_a_black_picture_or_a_text_without_words(without, pictures):
    recipe = Recipe(SMALL, steps=1, batch_size=8, asked=ASKED)
    (seen, read, before), following = VqaBatches(numbered(pictures=pictures), recipe)[0]
    inputs, targets = VqaBatches(numbered(pictures=pictures), replace(recipe, without=without))[0]
    expected_seen = np.zeros_like(seen) if without == "picture" else seen
    expected_read = np.tile([START, END], (8, ASKED, 1)) if without == "question" else read
    assert [each.dtype for each in inputs] == [seen.dtype, np.int32, np.int32]
    assert same((inputs, targets), ((expected_seen, expected_read, before), following))
    with pytest.raises(ValueError, match="'', 'picture', 'question'; given was 'answer'"):
        vqa.train.ablate_input("answer", seen, read)


def test_pictures_are_seen_in_all_eight_positions_and_no_other():
    picture = np.random.default_rng(0).integers(0, 256, (6, 6, 3), "uint8")
    positions = [np.rot90(one, times) for one in (picture, picture[:, ::-1]) for times in range(4)]
    pictures = np.tile(picture, (400, 1, 1, 1))
    seen = vqa.train.dihedral(pictures, np.random.default_rng(1))
    assert (seen.shape, seen.dtype) == (pictures.shape, np.uint8)
    counts = [sum(np.array_equal(one, position) for one in seen) for position in positions]
    assert sum(counts) == 400
    assert min(counts) > 25
    assert (pictures == picture).all()


def stopping(monkeypatch, at):
    """Let a training be interrupted as its batch number `at` is read."""
    read = VqaBatches.__getitem__

    def until(self, step):
        if step == at:
            raise KeyboardInterrupt
        return read(self, step)

    monkeypatch.setattr(VqaBatches, "__getitem__", until)


def weights_of(trained):
    return [
        weight for model in (trained.image_encoder, trained.encoder, trained.decoder) for weight in model.get_weights()
    ]


@pytest.fixture
def settled(monkeypatch):
    """How many pictures batch norm has seen after each training."""
    found = []
    monkeypatch.setattr(
        vqa.train, "recalibrate_batch_norm", lambda image_encoder, pictures: found.append(len(pictures))
    )
    monkeypatch.setattr(vqa.train, "RECALIBRATION_PICTURES", 2)
    return found


def test_a_training_that_is_resumed_ends_as_one_that_was_not_interrupted(tmp_path, monkeypatch, settled):
    dataset = numbered(pictures=True)
    recipe = Recipe(replace(SMALL, words=200), steps=3, batch_size=4, asked=2)
    whole = vqa.train.train(recipe, dataset, bar=False)
    assert len(whole.history.loss) == 3
    assert np.isfinite(whole.history.loss).all()
    with monkeypatch.context() as patch:
        stopping(patch, at=2)
        part = vqa.train.train(recipe, dataset, checkpoint=tmp_path / "check", bar=False)
    assert part.history.interrupted
    assert settled == [2]  # the interrupted one has not been
    resumed = vqa.train.train(recipe, dataset, checkpoint=tmp_path / "check", bar=False)
    assert resumed.history.loss == pytest.approx(whole.history.loss, rel=1e-4)
    assert settled == [2, 2]
    for found, expected in zip(weights_of(resumed), weights_of(whole), strict=True):
        assert found == pytest.approx(expected, abs=1e-4)


def first_loss(recipe, dataset):
    """Of the words that are to come next, the mean of -log p before anything is learned; padding counts nothing."""
    keras.utils.set_random_seed(recipe.seed)
    model = vqa.model.joint_model(vqa.model.build_encoder(recipe.network), vqa.model.build_decoder(recipe.network))
    inputs, following = VqaBatches(dataset, recipe)[0]
    likely = log_softmax(np.asarray(model(list(inputs))), axis=-1)
    return -np.take_along_axis(likely, following[..., np.newaxis], axis=-1)[following != PAD].mean()


def test_a_network_learns_to_answer_and_sampling_follows_the_seed(image_encoder, monkeypatch):
    words = Vocabulary.build(["colour?", "shape?", "the thing is red.", "blue", "round", "square"])
    grids = np.random.default_rng(0).normal(size=(4, 64, 8)).astype("float16")
    questions, shapes = ["colour?", "shape?"] * 4, ("round", "square", "round", "square")
    colors = ("Red.", "Red.", "Blue.", "Blue.")
    answers = [text for color, shape in zip(colors, shapes, strict=True) for text in (color, f"The thing is {shape}.")]
    tables = (words.encode(texts).reshape(4, 2, -1).astype("int16") for texts in (questions, answers))
    dataset = VqaDataset(grids, *tables)
    recipe = Recipe(replace(SMALL, words=len(words)), steps=150, batch_size=8, asked=2)
    no_image_encoder, encoder, decoder, history = vqa.train.train(recipe, dataset, bar=False)
    assert no_image_encoder is None
    assert np.mean(history.loss[-10:]) < 0.1 * history.loss[0]
    assert history.loss[0] == pytest.approx(first_loss(recipe, dataset), rel=1e-4)
    predict = partial(vqa.train.predict, QGNet(image_encoder, encoder, CachedDecoder(decoder), words))
    grids = np.repeat(grids, 2, axis=0)
    assert predict(grids, questions) == predict(grids, questions, top_p=1e-6) == answers
    monkeypatch.setattr(vqa.train, "BATCH", 3)
    assert predict(grids, questions) == answers

    unclear = 0 * grids  # every answer is as possible
    first, again, other = (predict(unclear, questions, top_p=1.0, seed=seed) for seed in (1, 1, 2))
    assert first == again != other
    assert first != predict(unclear, questions)
    monkeypatch.setattr(vqa.train, "BATCH", 4)
    parts = predict(unclear, questions, top_p=1.0, seed=1)
    assert parts[:4] != parts[4:]  # each part has draws of its own


def test_test_questions_are_of_their_scene_and_true_answers_evaluate_as_right():
    rows, asked = vqa.train.sample_questions(SEEN, 3, seed=2)
    assert rows.tolist() == [row for row in range(5) for _ in range(3)]
    assert all(each in language.all_questions(SEEN[row]) for row, each in zip(rows, asked, strict=True))
    assert vqa.train.sample_questions(SEEN, 3, seed=2)[1] == asked
    assert vqa.train.sample_questions(SEEN, 3)[1] != asked
    measured = vqa.train.evaluate([each.answer for each in asked], asked, [SEEN[row] for row in rows])
    assert set(measured.values()) == {1.0}
    assert {name for name in measured if "," in name} == {f"exact, {each.kind}" for each in asked}


def test_answers_are_evaluated_word_for_word_and_by_the_scene():
    scene = scenes.course_scene()
    floor = Question("what", "What is the cat sitting on?", "The cat is sitting on the floor.", "the floor")
    cats = Question("how many", "How many cats are there?", "There is one cat.", "one")
    answers = {
        "The cat is sitting on the floor.": floor,  # right
        "There is one cat.": cats,  # right
        "There is a cat.": floor,  # true, but not what was asked
        "There are two cats.": cats,  # false
        "Cat the the on.": floor,  # cannot be read
    }
    measured = vqa.train.evaluate(list(answers), list(answers.values()), [scene] * 5)
    assert measured == {"exact": 0.4, "true": 0.6, "exact, what": 0.3333, "exact, how many": 0.5}
    others = scenes.sample(1, 3, "test")
    assert vqa.train.evaluate(list(answers)[:1], [floor], others)["true"] == 0
    with pytest.raises(ValueError, match=r"shorter|longer"):
        vqa.train.evaluate(list(answers), [floor], [scene])


class Stub:
    """In the place of a network: gives its texts, one after the other."""

    image_encoder = None

    def __init__(self, texts):
        self.texts = list(texts)

    def ask_features(self, grids, answers, **_):
        return self.texts[: len(answers)]


@pytest.fixture
def stub_predict(monkeypatch):
    monkeypatch.setattr(vqa.train, "predict", lambda network, grids, texts, **_: network.texts[: len(texts)])


def test_easy_answers_are_right_or_wrong(stub_predict, monkeypatch):
    monkeypatch.setattr(
        captioning.model, "encode_images", lambda image_encoder, pictures: np.zeros((len(pictures), 64, 8))
    )
    answers = ["red", "yes", "square", "no", "yes", "no", "triangle", "no"]
    assert vqa.train.evaluate_easyvqa(Stub(answers), EASY) == {"accuracy": 0.75, "wrong": 2, "questions": 8}


def test_questions_are_evaluated_by_the_scene_by_the_given_answer_and_by_who_answers(stub_predict, monkeypatch):
    scene = scenes.course_scene()
    by_text = {each.question: each for each in language.all_questions(scene)}
    floor, cats = by_text["What is the cat sitting on?"], by_text["How many cats are there?"]
    monkeypatch.setattr(
        vqa.train, "sample_questions", lambda seen, count, seed: (np.zeros(4, int), [floor, cats, cats, floor])
    )
    asks = Stub([floor.question, floor.question, "How many cats on?", floor.question])
    answers = Stub([floor.answer, "The cat is sitting on the sofa."])
    found = vqa.train.evaluate_question_generator(asks, answers, np.zeros((1, 64, 8)), [scene], count=4, top_p=0.9)
    assert found == {"answerable": 0.75, "to_the_wish": 0.5, "agreed": 0.25, "different": 0.5}


def run(tmp_path, *options):
    """The exit code of `python -m tools weights qgnet`."""
    parser = argparse.ArgumentParser()
    qgnet.add_arguments(parser)
    places = ["--out", str(tmp_path / "out"), "--checkpoint", str(tmp_path / "check")]
    return qgnet.run(parser.parse_args(["--precision", "float32", *places, *options]))


@pytest.mark.parametrize("name", qgnet.RECIPES)
def test_the_command_trains_ships_and_measures(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(easyvqa, "load", lambda: easyvqa.EasyVQA(EASY, EASY, ("yes", "no")))
    config = SMALL if name == "qgnet_easyvqa" else replace(SMALL, widths=(8, 8, 160, 8))
    recipes = {name: Recipe(config, steps=2, batch_size=4, asked=2)}
    for setting, value in {"RECIPES": recipes, "TESTED": 1, "SCENES": 20}.items():
        monkeypatch.setattr(qgnet, setting, value)
    monkeypatch.setattr(vqa.train, "RECALIBRATION_PICTURES", 2)
    loaders = {"question_generator": lambda _, folder: vqa.model.load_question_generator(folder)}
    load = loaders.get(name, vqa.model.load)
    if name == "question_generator":  # whose questions another network answers
        monkeypatch.setattr(vqa.model, "load", lambda _, folder: QGNet(*vars(load(name, folder)).values()))
    assert run(tmp_path, "--only", name) == 0
    card = weights.card(name, tmp_path / "out")
    assert {"validation", "test"} <= card["measured"].keys() or {"test", "compositional"} <= card["measured"].keys()
    if name == "question_generator":
        assert card["measured"]["test"].keys() == {"first_draw", "asked_back"}
    assert card["image_encoder"] == ("qgnet_easyvqa_image_encoder" if name == "qgnet_easyvqa" else "image_encoder")
    assert not (tmp_path / "check").exists() or not any((tmp_path / "check").iterdir())
    assert len(load(name, tmp_path / "out").vocabulary) == card["config"]["words"]
    assert name in capsys.readouterr().out


def test_an_interrupted_command_says_how_to_go_on(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(easyvqa, "load", lambda: easyvqa.EasyVQA(EASY, EASY, ("yes", "no")))
    monkeypatch.setattr(qgnet, "RECIPES", {"qgnet_easyvqa": Recipe(SMALL, steps=3, batch_size=4, asked=2)})
    stopping(monkeypatch, at=2)
    assert run(tmp_path) == 130
    assert "run the same command again" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()
