"""Training lesson 06's networks, which answer and which ask; and measuring what they say."""

from dataclasses import KW_ONLY, dataclass, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vistext import scenes
from vistext.data.easyvqa import Split
from vistext.data.vocabulary import END, PAD, START, Vocabulary
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
ABLATIONS = ("", "picture", "question")  # what a network may have to do without: nothing, or one of the two
BATCH = 500  # texts that are answered together
GENERATION_BATCH = 100  # answers to which questions are asked together, several to each


@cache
def vocabulary() -> Vocabulary:
    """The words in which people of the drawn world ask and answer, in the training split."""
    rng = np.random.default_rng(0)
    seen = scenes.sample(VOCABULARY_SCENES, TRAIN_SEED_OFFSET - 1, "train")
    asked = [one for scene in seen for one in language.sample_questions(scene, rng, 8)]
    return Vocabulary.build(text for one in asked for text in (one.question, one.answer, one.short))


def easy_vocabulary(train: Split) -> Vocabulary:
    """The words of easy-VQA, its one-word answers included."""
    return Vocabulary.build([*train.questions, *train.answers])


@dataclass(frozen=True, eq=False)
class VqaDataset:
    """Pictures, and texts about them to learn from.

    Attributes:
        seen: pictures uint8 [n, 64, 64, 3], or what an eye that no longer learns saw in them, float16 [n, 64, c].
        read: what is read, int16 [n, s, t]: s questions about each picture; or answers.
        written: what is to be written, int16 [n, s, u]: the answers; or the questions.
    """

    seen: np.ndarray
    read: np.ndarray
    written: np.ndarray


def world_dataset(
    grids: np.ndarray, seen: list[Scene], count: int, seed: int = 0, *, reverse: bool = False
) -> VqaDataset:
    """Questions about scenes of the drawn world.

    Args:
        grids: what an eye sees in them, as `telling.look` gives it.
        seen: the scenes.
        count: questions about each.
        seed: of what is asked.
        reverse: whether short answers are read and questions written, rather than questions read and answers written.
    """
    rng = np.random.default_rng(seed)
    asked = [one for scene in seen for one in language.sample_questions(scene, rng, count)]
    pairs = [(one.short, one.question) if reverse else (one.question, one.answer) for one in asked]
    return VqaDataset(grids, *(_table(vocabulary(), texts, len(seen)) for texts in zip(*pairs, strict=True)))


def easyvqa_dataset(split: Split, words: Vocabulary, count: int, seed: int = 0) -> VqaDataset:
    """Questions of easy-VQA.

    Args:
        split: its training split, or a part of it.
        words: see `easy_vocabulary`.
        count: questions about each picture; of those that have fewer, some come up again.
        seed: decides which.
    """
    rng = np.random.default_rng(seed)
    about = [[] for _ in split.pictures]
    for number, row in enumerate(split.picture_of):
        about[row].append(number)
    chosen = np.concatenate([np.resize(rng.permutation(numbers), count) for numbers in about])
    texts = ([each[number] for number in chosen] for each in (split.questions, split.answers))
    return VqaDataset(split.pictures, *(_table(words, each, len(about)) for each in texts))


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
    """Batches of a quiz; each depends on its number and the recipe's seed alone. Pictures are turned and mirrored."""

    quiz: VqaDataset
    recipe: Recipe

    def __getitem__(self, step: int) -> tuple:
        """Batch number `step`: pictures or grids [n, ...], what is read int32 [n, s, t] and what has been written int32
        [n, s, u]; and what is to be written next, int32 [n, s, u].
        """
        quiz, recipe = self.quiz, self.recipe
        rng = np.random.default_rng((recipe.seed, step))
        rows = rng.integers(0, len(quiz.seen), recipe.batch_size)
        columns = rng.permutation(quiz.read.shape[1])[: recipe.asked]
        read, written = (_cut(table[rows][:, columns]) for table in (quiz.read, quiz.written))
        seen = quiz.seen[rows]
        seen = dihedral(seen, rng) if seen.dtype == np.uint8 else seen.astype("float32")
        return (*ablate_input(recipe.without, seen, read), written[..., :-1]), written[..., 1:]


def dihedral(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Square pictures [n, side, side, 3], each in one of its eight positions: mirrored, upside down, on its side."""
    for turn in (lambda x: x[:, :, ::-1]), (lambda x: x[:, ::-1]), (lambda x: x.swapaxes(1, 2)):
        chosen = rng.random(len(pictures)) < 0.5
        pictures = np.where(chosen[:, None, None, None], turn(pictures), pictures)
    return pictures


def ablate_input(what: str, seen: np.ndarray, read: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pictures and texts, one of them made empty: all zeros, or START and END alone.

    Raises:
        ValueError: `what` is none of `WITHOUT`.
    """
    if what not in ABLATIONS:
        raise ValueError(f"to withhold is one of: {', '.join(map(repr, ABLATIONS))}; given was {what!r}")
    if what == "picture":
        return np.zeros_like(seen), read
    if what == "question":
        return seen, np.broadcast_to(np.array([START, END], read.dtype), (*read.shape[:-1], 2))
    return seen, read


def _cut(ids: np.ndarray) -> np.ndarray:
    """Without columns that are padding only, int32."""
    used = np.flatnonzero((ids != PAD).any(axis=(0, 1)))
    return ids[..., : used[-1] + 1].astype("int32")


class TrainResult(NamedTuple):
    """What has been trained."""

    image_encoder: keras.Model | None  # None if what an eye had seen was given
    encoder: keras.Model
    decoder: keras.Model
    history: History


def train(
    recipe: Recipe,
    quiz: VqaDataset,
    *,
    precision: str = "float32",
    checkpoint: Path | None = None,
    label: str = "encoder and decoder",
    bar: bool = True,
) -> TrainResult:
    """Train an encoder and a decoder, and an eye if pictures are given: each next word is to be likely.

    Args:
        recipe: how.
        quiz: what to learn from.
        precision: a Keras dtype policy to compute in.
        checkpoint: a folder to resume from and to keep the unfinished training in.
        label, bar: of the progress bar, and whether there is one.
    """
    keras.utils.set_random_seed(recipe.seed)
    config = replace(recipe.network, precision=precision)
    encoder, decoder = build_encoder(config), build_decoder(config)
    model, image_encoder = joint_model(encoder, decoder), None
    if quiz.seen.dtype == np.uint8:
        image_encoder = captioning.model.build_image_encoder(config)
        pictures = keras.Input(image_encoder.inputs[0].shape[1:], dtype="uint8", name="pictures")
        texts = [keras.Input((None, None), dtype="int32", name=name) for name in ("read", "written")]
        model = keras.Model([pictures, *texts], model([image_encoder(pictures), *texts]))
    history = learn(
        model,
        VqaBatches(quiz, recipe),
        recipe,
        keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=PAD),
        checkpoint=checkpoint,
        label=label,
        bar=bar,
    )
    if image_encoder and not history.interrupted:
        recalibrate_batch_norm(image_encoder, pictures=quiz.seen[:RECALIBRATION_PICTURES])
    return TrainResult(image_encoder, encoder, decoder, history)


def predict(
    network: EncoderDecoder, grids: np.ndarray, texts: list[str], *, top_p: float = 0.0, seed: int = 0
) -> list[str]:
    """What a network writes about pictures that have been looked at, a text for each.

    Args:
        network: answers, or asks.
        grids: float [n, 64, c].
        texts: n questions, or answers.
        nucleus: draws from the likely words, see `decoding.draw_z`; 0 takes the likeliest.
        seed: of the draws.
    """
    said = []
    for first in range(0, len(texts), BATCH):
        some = texts[first : first + BATCH]
        z = (
            decoding.sample_noise(len(some), MAX_LENGTH - 1, np.random.default_rng((seed, first)), top_p)
            if top_p
            else None
        )
        written = network.write(grids[first : first + BATCH].astype("float32"), some, z=z)
        said += network.vocabulary.decode(written.ids)
    return said


def sample_questions(seen: list[Scene], count: int, seed: int = 0) -> tuple[np.ndarray, list[Question]]:
    """Questions about scenes, to test with: int [n · count], the number of the scene, and the questions."""
    rng = np.random.default_rng(seed)
    rows = np.repeat(np.arange(len(seen)), count)
    return rows, [one for scene in seen for one in language.sample_questions(scene, rng, count)]


def evaluate_easyvqa(network: EncoderDecoder, split: Split) -> dict[str, float]:
    """How many questions of easy-VQA are answered rightly: accuracy (a share), wrong, and questions (numbers)."""
    grids = captioning.model.encode_images(network.image_encoder, split.pictures)[split.picture_of]
    right = np.array(predict(network, grids, list(split.questions))) == np.array(split.answers)
    return {"accuracy": round(float(right.mean()), 5), "wrong": int((~right).sum()), "questions": len(right)}


def evaluate_question_generator(
    asker: QuestionGenerator,
    answers: QGNet,
    grids: np.ndarray,
    seen: list[Scene],
    *,
    count: int,
    top_p: float,
    round_trip: bool = True,
    seed: int = 0,
) -> dict[str, float]:
    """How good questions are that a network asks about scenes, when told what is to be answered.

    Args:
        asker: asks.
        answers: answers the questions.
        grids: float [n, 64, c]: what the eye of both sees in the scenes.
        seen: n scenes.
        count: wishes for each, see `asked_of`.
        nucleus: see `decoding.draw_z`.
        asked_back: whether each question is chosen among several by how `answers` answers them; see `Asker.ask`.
        seed: of the wishes and of the draws.

    Returns:
        Shares: answerable, those that are questions of the drawn world and have an answer in the scene; to_the_wish,
        those of which that is the answer that was wished for; agreed, those that the answering network answers so;
        different, of the questions about a scene, on average.
    """
    rows, wished = sample_questions(seen, count, seed)
    texts, back = [], answers if round_trip else None
    for first in range(0, len(rows), GENERATION_BATCH):
        these, draws = slice(first, first + GENERATION_BATCH), np.random.default_rng((seed, first))
        looked, wishes = grids[rows[these]].astype("float32"), [one.short for one in wished[these]]
        texts += asker.pose(looked, wishes, seed=draws, top_p=top_p, round_trip=back)
    asked = [language.reply(text, seen[row]) for row, text in zip(rows, texts, strict=True)]
    hit = np.array([one is not None and one.short == wish.short for one, wish in zip(asked, wished, strict=True)])
    right = np.flatnonzero(hit)
    said = predict(answers, grids[rows[right]], [texts[index] for index in right])
    agreed = [one == asked[index].answer for one, index in zip(said, right, strict=True)]
    by_scene = np.array(texts).reshape(len(seen), count)
    shares = {
        "answerable": np.mean([one is not None for one in asked]),
        "to_the_wish": hit.mean(),
        "agreed": sum(agreed) / len(rows),
        "different": np.mean([len(set(each)) / count for each in by_scene]),
    }
    return {name: round(float(value), 4) for name, value in shares.items()}


def evaluate(said: list[str], questions: list[Question], seen: list[Scene]) -> dict[str, float]:
    """How good answers are.

    Args:
        said: the answers.
        questions: what was asked, a question for each answer.
        seen: of which scene.

    Returns:
        exact: share that is word for word the expected sentence, in all and for each kind of question; true: share
        that holds of the scene, whatever was asked.
    """
    exact = np.array([one == question.answer for one, question in zip(said, questions, strict=True)])
    kinds = np.array([question.kind for question in questions])
    true = [bool(language.evaluate(one, scene)) for one, scene in zip(said, seen, strict=True)]
    shares = {"exact": exact.mean(), "true": np.mean(true)}
    shares |= {f"exact, {kind}": exact[kinds == kind].mean() for kind in language.QUESTION_KINDS if kind in kinds}
    return {name: round(float(value), 4) for name, value in shares.items()}
