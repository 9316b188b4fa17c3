"""Training and evaluating lesson 06's networks, for question answering and question generation."""

from dataclasses import KW_ONLY, dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np

from vistext import scenes
from vistext.data.easyvqa import Split
from vistext.data.vocabulary import END, PAD, START, Vocabulary, without_padding
from vistext.nn import decoding, training
from vistext.nn.engine import keras
from vistext.nn.training import Batches, History, learn
from vistext.scenes import TRAIN_SEED_OFFSET, Scene, language
from vistext.scenes.language import Question
from vistext.tasks import captioning
from vistext.tasks.detection.train import RECALIBRATION_PICTURES, recalibrate_batch_norm
from vistext.tasks.vqa.model import (
    MAX_LENGTH,
    EncoderDecoder,
    QGNet,
    QGNetConfig,
    QuestionGenerator,
    build_decoder,
    build_encoder,
    joint_model,
)

VOCABULARY_SCENES = 3000  # scenes of which the vocabulary is made, each with 8 questions
ABLATIONS = ("", "picture", "question")  # the input that is withheld from a network, if any
BATCH = 500  # texts that are generated together
GENERATION_BATCH = 100  # answers for which questions are generated together, several for each


@cache
def vocabulary() -> Vocabulary:
    """The words of questions and answers about the drawn world, in the training split."""
    rng = np.random.default_rng(0)
    pool = scenes.sample(VOCABULARY_SCENES, TRAIN_SEED_OFFSET - 1, "train")
    questions = [question for scene in pool for question in language.sample_questions(scene, rng, 8)]
    return Vocabulary.build(text for each in questions for text in (each.question, each.answer, each.short))


def easy_vocabulary(train: Split) -> Vocabulary:
    """The words of easy-VQA, its one-word answers included."""
    return Vocabulary.build([*train.questions, *train.answers])


@dataclass(frozen=True, eq=False)
class VqaDataset:
    """Pictures, and texts about them to learn from."""

    pictures: np.ndarray  # uint8 [n, 64, 64, 3], or encoded ones, float16 [n, 64, c]
    inputs: np.ndarray  # int16 [n, s, t]: s questions about each picture; or answers
    targets: np.ndarray  # int16 [n, s, u]: the answers; or the questions


def world_dataset(
    grids: np.ndarray, pool: list[Scene], count: int, seed: int = 0, *, reverse: bool = False
) -> VqaDataset:
    """`count` questions about each scene of a pool, encoded as `grids`.

    With `reverse`, short answers are the inputs and questions the targets, rather than questions and answers.
    """
    rng = np.random.default_rng(seed)
    questions = [question for scene in pool for question in language.sample_questions(scene, rng, count)]
    inputs = [each.short if reverse else each.question for each in questions]
    targets = [each.question if reverse else each.answer for each in questions]
    return VqaDataset(grids, *(_table(vocabulary(), texts, len(pool)) for texts in (inputs, targets)))


def easyvqa_dataset(split: Split, words: Vocabulary, count: int, seed: int = 0) -> VqaDataset:
    """`count` questions of easy-VQA about each picture of a split; where there are fewer, some come up again."""
    rng = np.random.default_rng(seed)
    by_picture: list[list[int]] = [[] for _ in split.pictures]
    for number, row in enumerate(split.picture_of):
        by_picture[row].append(number)
    chosen = np.concatenate([np.resize(rng.permutation(numbers), count) for numbers in by_picture])
    texts = ([column[number] for number in chosen] for column in (split.questions, split.answers))
    return VqaDataset(split.pictures, *(_table(words, column, len(by_picture)) for column in texts))


def _table(words: Vocabulary, texts, n: int) -> np.ndarray:
    ids = words.encode(texts)
    return ids.astype("int16").reshape(n, -1, ids.shape[1])


@dataclass(frozen=True)
class Recipe(training.Recipe):
    """How networks learn from a data set; kernels of an image encoder want less momentum than the others."""

    network: QGNetConfig
    _: KW_ONLY
    asked: int = 8  # texts about each picture
    without: str = ""  # one of `ABLATIONS`


@dataclass(eq=False)
class VqaBatches(Batches):
    """Batches of a dataset, pictures turned and mirrored; each depends on its number and the recipe's seed alone."""

    dataset: VqaDataset
    recipe: Recipe

    def __getitem__(self, step: int) -> tuple:
        """Batch number `step`: pictures or grids [n, ...], inputs int32 [n, s, t] and targets so far int32 [n, s, u];
        and the next tokens, int32 [n, s, u].
        """
        dataset, recipe, rng = self.dataset, self.recipe, np.random.default_rng((self.recipe.seed, step))
        rows = rng.integers(0, len(dataset.pictures), recipe.batch_size)
        columns = rng.permutation(dataset.inputs.shape[1])[: recipe.asked]
        inputs, targets = (
            without_padding(table[rows][:, columns]).astype("int32") for table in (dataset.inputs, dataset.targets)
        )
        pictures = dataset.pictures[rows]
        pictures = dihedral(pictures, rng) if pictures.dtype == np.uint8 else pictures.astype("float32")
        return (*ablate_input(recipe.without, pictures, inputs), targets[..., :-1]), targets[..., 1:]


def dihedral(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Square pictures [n, side, side, 3], each in one of its eight orientations: mirrored, upside down, on its side."""
    for turn in (lambda x: x[:, :, ::-1]), (lambda x: x[:, ::-1]), (lambda x: x.swapaxes(1, 2)):
        chosen = rng.random(len(pictures)) < 0.5
        pictures = np.where(chosen[:, None, None, None], turn(pictures), pictures)
    return pictures


def ablate_input(without: str, pictures: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pictures and texts, one of them emptied: all zeros, or START and END alone.

    Raises:
        ValueError: `without` is none of `ABLATIONS`.
    """
    if without not in ABLATIONS:
        raise ValueError(f"to withhold is one of: {', '.join(map(repr, ABLATIONS))}; given was {without!r}")
    if without == "picture":
        return np.zeros_like(pictures), ids
    if without == "question":
        return pictures, np.broadcast_to(np.array([START, END], ids.dtype), (*ids.shape[:-1], 2))
    return pictures, ids


class TrainResult(NamedTuple):
    """What has been trained."""

    image_encoder: keras.Model | None  # None if features were given
    encoder: keras.Model
    decoder: keras.Model
    history: History


def train(recipe: Recipe, dataset: VqaDataset, *, precision: str = "float32", **settings) -> TrainResult:
    """Train an encoder and a decoder, and an image encoder if pictures are given, by likelihood of the next token.

    Args:
        recipe: how.
        dataset: what to learn from.
        precision: a Keras dtype policy to compute in.
        settings: those of `training.fit`: checkpoint, label, bar.
    """
    keras.utils.set_random_seed(recipe.seed)
    config = replace(recipe.network, precision=precision)
    encoder, decoder = build_encoder(config), build_decoder(config)
    model, image_encoder = joint_model(encoder, decoder), None
    if dataset.pictures.dtype == np.uint8:
        image_encoder = captioning.model.build_image_encoder(config)
        pictures = keras.Input(image_encoder.inputs[0].shape[1:], dtype="uint8", name="pictures")
        texts = [keras.Input((None, None), dtype="int32", name=name) for name in ("read", "written")]
        model = keras.Model([pictures, *texts], model([image_encoder(pictures), *texts]))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=PAD)
    settings = {"label": "encoder and decoder"} | settings
    history = learn(model, VqaBatches(dataset, recipe), recipe, loss, **settings)
    if image_encoder and not history.interrupted:
        recalibrate_batch_norm(image_encoder, pictures=dataset.pictures[:RECALIBRATION_PICTURES])
    return TrainResult(image_encoder, encoder, decoder, history)


def predict(
    network: EncoderDecoder, grids: np.ndarray, texts: list[str], *, top_p: float = 0.0, seed: int = 0
) -> list[str]:
    """Generate a text about each of n encoded pictures, float [n, 64, c], given n texts (questions, or answers).

    With top_p above 0 it is sampled, see `decoding.sample_noise`; by default decoding is greedy.
    """
    generated: list[str] = []
    for first in range(0, len(texts), BATCH):
        batch, rng = texts[first : first + BATCH], np.random.default_rng((seed, first))
        z = decoding.sample_noise(len(batch), MAX_LENGTH - 1, rng, top_p) if top_p else None
        ids = network.generate(grids[first : first + BATCH].astype("float32"), batch, z=z).ids
        generated += network.vocabulary.decode(ids)
    return generated


def sample_questions(pool: list[Scene], count: int, seed: int = 0) -> tuple[np.ndarray, list[Question]]:
    """Test questions about scenes: int [n · count], the index of the scene, and the questions."""
    rng = np.random.default_rng(seed)
    rows = np.repeat(np.arange(len(pool)), count)
    return rows, [question for scene in pool for question in language.sample_questions(scene, rng, count)]


def evaluate_easyvqa(network: EncoderDecoder, split: Split) -> dict[str, float]:
    """Evaluate answers to easy-VQA: accuracy (a share), and the numbers of wrong ones and of questions."""
    grids = captioning.model.encode_images(network.image_encoder, split.pictures)[split.picture_of]
    right = np.array(predict(network, grids, list(split.questions))) == np.array(split.answers)
    return {"accuracy": round(float(right.mean()), 5), "wrong": int((~right).sum()), "questions": len(right)}


def evaluate_question_generator(
    generator: QuestionGenerator,
    answerer: QGNet,
    grids: np.ndarray,
    pool: list[Scene],
    *,
    count: int,
    top_p: float,
    round_trip: bool = True,
    seed: int = 0,
) -> dict[str, float]:
    """Evaluate questions that are generated for the answers to `count` questions about each encoded scene.

    Sampling is by top_p and seed, see `decoding.sample_noise`. With `round_trip`, the answering network, which has the
    same image encoder, also filters the questions: see `QuestionGenerator.ask_features`.

    Returns:
        Shares: answerable, of questions of the drawn world's language that have an answer in the scene; to_the_wish, of
        those whose answer is the given one; agreed, of those that the answering network answers so; different, of
        distinct questions about a scene, on average.
    """
    rows, wanted = sample_questions(pool, count, seed)
    texts: list[str] = []
    for first in range(0, len(rows), GENERATION_BATCH):
        batch, rng = slice(first, first + GENERATION_BATCH), np.random.default_rng((seed, first))
        answers, filter_by = [question.short for question in wanted[batch]], answerer if round_trip else None
        features = grids[rows[batch]].astype("float32")
        texts += generator.ask_features(features, answers, seed=rng, top_p=top_p, round_trip=filter_by)
    parsed = [language.reply(text, pool[row]) for row, text in zip(rows, texts, strict=True)]
    hits = [
        (index, question.answer)
        for index, (question, want) in enumerate(zip(parsed, wanted, strict=True))
        if question is not None and question.short == want.short
    ]
    hit_rows = [index for index, _ in hits]
    predicted = predict(answerer, grids[rows[hit_rows]], [texts[index] for index in hit_rows])
    agreed = [text == answer for text, (_, answer) in zip(predicted, hits, strict=True)]
    by_scene = np.array(texts).reshape(len(pool), count)
    shares: dict[str, float] = {
        "answerable": sum(question is not None for question in parsed) / len(rows),
        "to_the_wish": len(hits) / len(rows),
        "agreed": sum(agreed) / len(rows),
        "different": sum(len(set(questions)) for questions in by_scene) / len(rows),
    }
    return {name: round(float(value), 4) for name, value in shares.items()}


def evaluate(answers: list[str], questions: list[Question], asked_about: list[Scene]) -> dict[str, float]:
    """Evaluate answers to questions, each about a scene.

    Returns:
        exact: the share that is word for word the expected sentence, in all and for each kind of question; true: the
        share that is true of the scene, whatever was asked.
    """
    exact = np.array([text == question.answer for text, question in zip(answers, questions, strict=True)])
    kinds = np.array([question.kind for question in questions])
    true = [bool(language.evaluate(text, scene)) for text, scene in zip(answers, asked_about, strict=True)]
    shares = {"exact": exact.mean(), "true": np.mean(true)}
    shares |= {f"exact, {kind}": exact[kinds == kind].mean() for kind in language.QUESTION_KINDS if kind in kinds}
    return {name: round(float(value), 4) for name, value in shares.items()}
