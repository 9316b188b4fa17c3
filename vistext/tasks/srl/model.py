"""Lesson 07's network: who does what, where, and which way? A picture → frames: a verb, and a noun for each role.

A frame is written role by role: first the verb, since it decides which roles there are, then what fills each of them,
given what is there already (after Mallya and Lazebnik 2017, "Recurrent Models for Situation Recognition",
arXiv:1703.06233, with the blocks of Vaswani et al. 2017, arXiv:1706.03762). What is looked at is the grid of lesson
05's eye. Objects are taken from the left to the right, as one reads; with each frame the network says where the
object is
and how much of the picture shows it. Lesson 02's detector measures that exactly (`prominence`), and by that the frames
are put in order, the most prominent first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vistext.nn import weights
from vistext.nn.attention import Block, CoordinateEncoding, PositionalEmbedding
from vistext.nn.engine import dtype_policy, keras, tf
from vistext.nn.resize import letterbox
from vistext.scenes import Scene
from vistext.scenes.language import ROLES, Frame, semantic_frames
from vistext.scenes.language.lexicon import noun
from vistext.scenes.language.semantic_frames import POSTURE_OF
from vistext.scenes.ontology import FACINGS, KINDS, MAX_OBJECTS, PLACES
from vistext.tasks import captioning, detection
from vistext.tasks.captioning.model import GRID, SIDE, encode_images
from vistext.tasks.srl import visible_area

layers = keras.layers
ops = keras.ops

VERBS = tuple(ROLES)
OBJECTS = tuple(noun(kind) for kind in KINDS)
PAD, START, END, NONE = range(4)  # nothing; the beginning; no further frame; this verb has no such role
WORDS = ("<pad>", "<start>", "<end>", "<none>", *VERBS, *OBJECTS, *FACINGS, *PLACES)
SLOTS = ("verb", "thing", "direction", "place")  # of each frame; the object is the agent or the item, by the verb
MAX_FRAMES = MAX_OBJECTS * len(SLOTS)  # slots of a picture
NEAR = 0.05  # of two objects, which is the more prominent is hard to say if they differ by less than such a share
ENCODING_BATCH = 250  # grids

_NUMBER = {word: number for number, word in enumerate(WORDS)}
_VERBS = slice(_NUMBER[VERBS[0]], _NUMBER[VERBS[-1]] + 1)


@dataclass(frozen=True)
class SrlConfig:
    """What the network needs to know; each default is that of the shipped weights."""

    channels: int = 160  # of each cell of the eye's grid
    width: int = 128  # numbers for each slot
    heads: int = 4
    blocks: int = 3  # find the next object, look at what it does, compare it with what else is there
    precision: str = "float32"  # a Keras dtype policy; training may take a faster one, the weights stay float32


def build(config: SrlConfig) -> keras.Model:
    """The network that fills slots.

    Args:
        config: its sizes.

    Returns:
        A model of two inputs: grids float [n, 64, channels], and ids int32 [n, t]: START, and the numbers in `WORDS` of
        what is in the slots so far → float32 [n, t, words + 5]: logits of what is in the next slot; the box of its
        object, left and upper edge, width and height as shares of the picture; and the logarithm of the share of the
        picture that shows it.
    """
    with dtype_policy(config.precision):
        grid = layers.Input((GRID * GRID, config.channels), name="grid")
        ids = layers.Input((None,), dtype="int32", name="ids")
        cells = CoordinateEncoding(name="cells")(grid)
        x = PositionalEmbedding(MAX_FRAMES, name="places")(
            layers.Embedding(len(WORDS), config.width, name="embedding")(ids)
        )
        x = ops.expand_dims(x, 1)  # (n, 1, t, width)
        for number in range(config.blocks):
            x = Block(config.heads, name=f"block{number}")(x, cells)
        x = layers.LayerNormalization(epsilon=1e-5, name="norm")(x)[:, 0]
        logits = layers.Dense(len(WORDS), dtype="float32", name="logits")(x)
        box = layers.Dense(4, activation="sigmoid", dtype="float32", name="box")(x)
        seen = layers.Dense(1, dtype="float32", name="seen")(x)
    return keras.Model([grid, ids], layers.Concatenate(dtype="float32", name="said")([logits, box, seen]), name="srl")


def _allowed() -> np.ndarray:
    """Which words may follow which in each of the slots: bool [MOST, words, words]."""
    table = np.zeros((MAX_FRAMES, len(WORDS), len(WORDS)), bool)
    for place in range(MAX_FRAMES):
        slot = SLOTS[place % len(SLOTS)]
        for number, word in enumerate(WORDS):
            table[place, number, [_NUMBER[each] for each in _fillers(slot, word, first=place == 0)]] = True
    return table


def _fillers(slot: str, before: str, *, first: bool) -> Sequence[str]:
    """What may stand in a slot after a word; anything at all where such a word cannot be."""
    if before == "<end>" or (before == "<pad>" and not first):
        return ("<pad>",)
    if slot == "verb":
        return VERBS if first else ("<end>", *VERBS)
    if slot == "thing":
        return OBJECTS
    return FACINGS if slot == "direction" else PLACES


# The direction comes after the object, and only the verb says whether there is one.
_FILLERS = _allowed()
_DIRECTED = np.array(["direction" in ROLES.get(word, ()) for word in WORDS])


class GeneratedSlots(NamedTuple):
    """What is in the slots of n pictures, from the left to the right."""

    ids: np.ndarray  # int32 [n, MOST]
    log_probabilities: np.ndarray  # float32 [n, MOST, words]: natural logarithms; among what may stand in each slot
    boxes: np.ndarray  # float32 [n, MOST_THINGS, 4]: left and upper edge, width and height, as shares of the picture
    seen: np.ndarray  # float32 [n, MOST_THINGS]: the share of the picture that shows each object; 0 where there is none


def generate(network: keras.Model, grids: np.ndarray, verbs: np.ndarray | None = None) -> GeneratedSlots:
    """Fill the slots of pictures, each with what is likeliest.

    Args:
        network: as `build` makes it.
        grids: what the eye sees in n pictures, float [n, 64, c], as `look` gives it.
        verbs: int [n, MOST_THINGS]: the numbers in `WORDS` of verbs that are known, from the left to the right, END
            where no object is left; PAD, or None, leaves the verb to the network.

    Returns:
        What is in them.

    Raises:
        ValueError: grids or verbs of another shape.
    """
    grids = np.asarray(grids, "float32")
    wanted = tuple(network.inputs[0].shape[1:])
    if grids.ndim != 3 or grids.shape[1:] != wanted:
        raise ValueError(
            f"grids have shape {list(grids.shape)}; accepted: [n, {wanted[0]}, {wanted[1]}], as `look` gives"
        )
    given = np.zeros((len(grids), MAX_OBJECTS), "int32") if verbs is None else np.asarray(verbs, "int32")
    if given.shape != (len(grids), MAX_OBJECTS):
        raise ValueError(f"verbs have shape {list(given.shape)}; accepted: [{len(grids)}, {MAX_OBJECTS}]")
    if not len(grids):
        return GeneratedSlots(given.repeat(len(SLOTS), 1), *(np.zeros((0, *of), "float32") for of in _SHAPES))
    fill, ids, said = _compiled(network), [], []
    for first in range(0, len(grids), ENCODING_BATCH):
        some = slice(first, first + ENCODING_BATCH)
        for kept, new in zip((ids, said), fill(grids[some], given[some]), strict=True):
            kept.append(np.asarray(new).swapaxes(0, 1))
    ids, said = np.concatenate(ids), np.concatenate(said)
    words, last = len(WORDS), said[:, len(SLOTS) - 1 :: len(SLOTS)]
    there = (ids[:, :: len(SLOTS)] >= _VERBS.start) & (ids[:, :: len(SLOTS)] < _VERBS.stop)
    return GeneratedSlots(
        ids, said[..., :words], last[..., words : words + 4], np.where(there, np.exp(last[..., -1]), 0)
    )


_SHAPES = ((MAX_FRAMES, len(WORDS)), (MAX_OBJECTS, 4), (MAX_OBJECTS,))


@lru_cache(maxsize=8)
def _compiled(network: keras.Model) -> Callable:
    """The loop of `write` in a graph of TensorFlow's: grids, verbs → ids [MOST, n] and what is said [MOST, n, ...]."""
    layer, blocks = network.get_layer, [each for each in network.layers if isinstance(each, Block)]
    fillers, directed = tf.constant(_FILLERS), tf.constant(_DIRECTED)
    unasked = tf.constant(np.arange(len(WORDS)) == NONE)
    specs = [
        tf.TensorSpec((None, *network.inputs[0].shape[1:]), "float32"),
        tf.TensorSpec((None, MAX_OBJECTS), "int32"),
    ]

    @tf.function(input_signature=specs, autograph=False)
    def fill(grids, given):
        memory, n = layer("cells")(grids), tf.shape(grids)[0]

        def next_slot(place, before, state, ids, said):
            newest, verb = before
            x, after = layer("places").at(layer("embedding")(newest)[:, None], place), []
            for block, remembered in zip(blocks, state, strict=True):
                x, now = block.step(x, place, remembered)
                after.append(now)
            x = layer("norm")(x)[:, 0]
            may = tf.gather(fillers[place], newest)  # (n, words)
            asks = tf.logical_and(tf.equal(place % len(SLOTS), SLOTS.index("direction")), verb >= _VERBS.start)
            may = tf.where((asks & ~tf.gather(directed, verb))[:, None], unasked, may)
            logs = tf.nn.log_softmax(tf.where(may, layer("logits")(x), -1e9))
            is_verb = tf.equal(place % len(SLOTS), 0)
            told = tf.where(tf.equal(newest, END), PAD, given[:, place // len(SLOTS)])
            likeliest = tf.argmax(logs, axis=-1, output_type=tf.int32)
            chosen = tf.where(is_verb & (told != PAD), told, likeliest)
            said = said.write(place, tf.concat([logs, layer("box")(x), layer("seen")(x)], axis=-1))
            after = tf.nest.map_structure(lambda new, old: tf.ensure_shape(new, old.shape), tuple(after), state)
            return place + 1, (chosen, tf.where(is_verb, chosen, verb)), after, ids.write(place, chosen), said

        begun = tuple(block.init_cache(memory, MAX_FRAMES) for block in blocks)
        start = tf.fill([n], START)
        arrays = (tf.TensorArray(kind, MAX_FRAMES) for kind in ("int32", "float32"))
        *_, ids, said = tf.while_loop(
            lambda place, *_: place < MAX_FRAMES, next_slot, (tf.constant(0), (start, start), begun, *arrays)
        )
        return ids.stack(), said.stack()

    return fill


@dataclass(frozen=True, eq=False)
class PredictedFrame:
    """A frame, as the network finds it.

    Attributes:
        verb: one of `VERBS`.
        roles: pairs of a role and its value, in the order of `language.ROLES[verb]`.
        probability: of verb and roles together, given the frames to the left, 0 to 1; of the roles alone where the verb
            was given.
        box: float32 [4]: left and upper edge, width and height of the object, as shares of the picture.
        seen: the share of the picture that shows the object, as the network estimates it.
    """

    verb: str
    roles: tuple[tuple[str, str], ...]
    probability: float
    box: np.ndarray
    seen: float

    @property
    def obj(self) -> str:
        """The noun of the agent or item."""
        return self.roles[0][1]

    @property
    def kind(self) -> int:
        """The same as an index into `tables.KINDS`."""
        return OBJECTS.index(self.obj)

    def found(self) -> visible_area.DetectedObject:
        """The object, as it is to be measured."""
        left, top, width, height = np.clip(self.box, 1 / SIDE, 1)
        box = visible_area.within(left, top, left + width, top + height)
        return visible_area.DetectedObject(self.kind, POSTURE_OF[self.verb], dict(self.roles)["place"], box, self.seen)

    def edges(self, side: int) -> np.ndarray:
        """The box as left, top, right and bottom in a picture of so many pixels: float [4], 0 to `side`."""
        return side * np.clip(np.concatenate([self.box[:2], self.box[:2] + self.box[2:]]), 0, 1)


@dataclass(frozen=True, eq=False)
class SrlModel:
    """An eye, a network that says who does what, and a detector that says where exactly: pictures → frames.

    Without a detector, the network's own estimates of boxes and of how much is seen are taken. By how much whole boxes
    are larger than what is drawn is said by `margins`; see `prominence.learn_margins`.
    """

    image_encoder: keras.Model
    network: keras.Model
    detector: keras.Model | None = None
    margins: visible_area.Margins = field(default_factory=dict)

    def frames(self, pictures: np.ndarray) -> list[list[PredictedFrame]]:
        """The frame of each object in pictures.

        Args:
            pictures: uint8 [n, h, w, 3]; those that are not of 64×64 pixels are scaled to fit.

        Returns:
            For each picture one to four frames, the most prominent object's first.

        Raises:
            TypeError, ValueError: not such pictures.
        """
        grids = encode_images(self.image_encoder, pictures)
        return self.frames_of_features(grids, self.written(pictures, grids))

    def written(self, pictures: np.ndarray, grids: np.ndarray) -> GeneratedSlots:
        """What is in the slots of pictures, with boxes, and how much is seen of each object, as the detector has them.

        Args:
            pictures: as for `frames`.
            grids: float [n, 64, c], what `look` sees in them.

        Raises:
            TypeError, ValueError: as `frames` and `write`.
        """
        written = generate(self.network, grids)
        if self.detector is None:
            return written
        squares, _ = letterbox(pictures, SIDE)
        boxes, seen = written.boxes.copy(), written.seen.copy()
        found = zip(_predicted_frames(written), detection.model.detect(self.detector, squares), strict=True)
        for row, (each, detected) in enumerate(found):
            there = np.flatnonzero(seen[row])
            exact, seen[row, there] = visible_area.estimate([frame.found() for frame in each], detected, self.margins)
            boxes[row, there] = [(box.x, box.y, box.w, box.h) for box in exact]
        return written._replace(boxes=boxes, seen=seen)

    def frames_of_features(
        self, grids: np.ndarray, written: GeneratedSlots | None = None
    ) -> list[list[PredictedFrame]]:
        """The same for pictures that have been looked at: `look`'s grids [n, 64, c].

        Args:
            grids: of the pictures.
            written: what `written` makes of them, if that is known already; what `write` does, otherwise.
        """
        written = written or generate(self.network, grids)
        return [sorted(each, key=lambda frame: -frame.seen) for each in _predicted_frames(written)]

    def verbs(self, grids: np.ndarray, written: GeneratedSlots | None = None) -> np.ndarray:
        """How likely each verb is that of the most prominent object.

        Args:
            grids: float [n, 64, c], as `look` gives them.
            written: as for `frames_seen`.

        Returns:
            float64 [n, verbs], in the order of `VERBS`, which adds up to 1.
        """
        return np.exp(_of_most_prominent(written or generate(self.network, grids))).sum(axis=1)

    def given(
        self, grids: np.ndarray, verbs: Sequence[str], written: GeneratedSlots | None = None
    ) -> list[PredictedFrame]:
        """The frame of a verb that is known to be that of the most prominent object.

        Args:
            grids: float [n, 64, c], as `look` gives them.
            verbs: n of `VERBS`.
            written: as for `frames_seen`.

        Returns:
            A frame with that verb for each picture: of the object that is likeliest the most prominent and does that.

        Raises:
            ValueError: there is no such verb, or there are not as many as pictures.
        """
        _check(verbs, len(grids))
        numbers = np.array([_NUMBER[verb] for verb in verbs], "int32").reshape(-1, 1)
        fits = np.take_along_axis(
            _of_most_prominent(written or generate(self.network, grids)), numbers[..., None] - _VERBS.start, axis=2
        )[..., 0]
        which = fits.argmax(axis=1)  # (n)
        known = np.where(np.arange(MAX_OBJECTS) == which[:, None], numbers, PAD)
        filled = _predicted_frames(generate(self.network, grids, known), given=known)
        return [each[number] for each, number in zip(filled, which, strict=True)]

    def with_gold_verbs(self, grids: np.ndarray, verbs: Sequence[Sequence[str]]) -> list[list[PredictedFrame]]:
        """The frames of all objects, where the verb of each is known.

        Args:
            grids: float [n, 64, c], as `look` gives them.
            verbs: for each picture one to four of `VERBS`: those of its objects from the left to the right.

        Returns:
            The frames in that order.

        Raises:
            ValueError: there is no such verb, or there are not as many lists as pictures, or one is too long or empty.
        """
        if len(verbs) != len(grids):
            raise ValueError(f"{len(verbs)} lists of verbs for {len(grids)} pictures; accepted: one for each")
        known = np.full((len(grids), MAX_OBJECTS), END, "int32")
        for row, each in enumerate(verbs):
            if not 1 <= len(each) <= MAX_OBJECTS:
                raise ValueError(f"{len(each)} verbs for a picture; accepted: 1 to {MAX_OBJECTS}")
            _check(each, len(each))
            known[row, : len(each)] = [_NUMBER[verb] for verb in each]
        return _predicted_frames(generate(self.network, grids, known), given=known)


def _check(verbs: Sequence[str], n: int) -> None:
    if isinstance(verbs, str) or len(verbs) != n:
        raise ValueError(f"{len(verbs)} verbs for {n} pictures; accepted: one for each")
    for verb in verbs:
        if verb not in VERBS:
            raise ValueError(f"a verb is one of: {', '.join(VERBS)}; given was {verb!r}")


def _of_most_prominent(written: GeneratedSlots) -> np.ndarray:
    """The logarithm of how likely each object is the most prominent and does what a verb says: [n, objects, verbs].

    Objects of which about the same is seen are about as likely: see `NEAR`.
    """
    sizes = np.log(np.maximum(written.seen, 1e-30), dtype="float64")
    scores = (sizes - sizes.max(axis=1, keepdims=True, initial=-np.inf)) / NEAR
    first = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))  # (n, objects)
    verbs = written.log_probabilities[:, :: len(SLOTS), _VERBS].astype("float64")
    verbs = verbs - np.log(np.exp(verbs).sum(axis=2, keepdims=True) + 1e-30)  # given that there is an object
    return first[..., None] + verbs


def _predicted_frames(written: GeneratedSlots, given: np.ndarray | None = None) -> list[list[PredictedFrame]]:
    """The frames that are written, from the left to the right."""
    found = []
    chosen = np.take_along_axis(written.log_probabilities, written.ids[..., None], axis=2)[..., 0]  # (n, MOST)
    for row, seen in enumerate(written.seen):
        each = []
        for number in np.flatnonzero(seen):
            slots = slice(number * len(SLOTS), (number + 1) * len(SLOTS))
            verb, obj, direction, place = (WORDS[word] for word in written.ids[row, slots])
            values = {"agent": obj, "item": obj, "direction": direction, "place": place}
            known = given is not None and given[row, number] != PAD
            each.append(
                PredictedFrame(
                    verb,
                    tuple((role, values[role]) for role in ROLES[verb]),
                    float(np.exp(chosen[row, slots][1 if known else 0 :].sum())),
                    written.boxes[row, number],
                    float(seen[number]),
                )
            )
        found.append(each)
    return found


def linearize(scene: Scene) -> tuple[list[int], list[Frame]]:
    """What is to be in the slots of a scene, and the frames from the left to the right.

    Args:
        scene: one to four objects.

    Returns:
        The numbers in `WORDS` of what stands in the slots, `MOST` of them: a frame for each object, END if there is
        room, and PAD from there on; and the frames.
    """
    ordered = sorted(semantic_frames.frames(scene), key=lambda frame: scene.objects[frame.obj].box.middle)
    said = []
    for frame in ordered:
        values = dict(frame.roles)
        obj = values.get("agent") or values["item"]
        said += [frame.verb, obj, values.get("direction", WORDS[NONE]), values["place"]]
    numbers = [*(_NUMBER[word] for word in said), END, *[PAD] * MAX_FRAMES]
    return numbers[:MAX_FRAMES], ordered


def shipped_config(folder: Path = weights.FOLDER) -> SrlConfig:
    """The sizes of the shipped network."""
    return SrlConfig(**weights.card("srl", folder)["config"])


def load(folder: Path = weights.FOLDER) -> SrlModel:
    """The network with shipped weights.

    Args:
        folder: where its weights and its card are; eye and detector are always those of the package.

    Raises:
        FileNotFoundError, ValueError: the weights are missing or damaged.
    """
    network = build(shipped_config(folder))
    weights.load_into(network, "srl", folder)
    return SrlModel(
        captioning.model.load_image_encoder(), network, detection.model.load(), weights.card("srl", folder)["margins"]
    )
