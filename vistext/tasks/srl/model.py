"""Lesson 07's network, semantic role labeling: a picture → frames, each a verb and a noun for each of its roles.

A frame is generated role by role: first the verb, which decides what roles there are, then the filler of each role
given those before it (after Mallya and Lazebnik 2017, "Recurrent Models for Situation Recognition", arXiv:1703.06233,
with the blocks of Vaswani et al. 2017, arXiv:1706.03762), from the grid of lesson 05's image encoder. Objects are taken
from left to right; with each frame the network predicts the object's box and the share of the picture that shows it.
Lesson 02's detector measures both exactly (`visible_area`); the frames are ordered by that, the most prominent first.
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
PAD, START, END, NONE = range(4)  # END: no further frame; NONE: the verb has no such role
WORDS = ("<pad>", "<start>", "<end>", "<none>", *VERBS, *OBJECTS, *FACINGS, *PLACES)
SLOTS = ("verb", "thing", "direction", "place")  # of each frame; the object is the agent or the item, by the verb
MAX_FRAMES = MAX_OBJECTS * len(SLOTS)  # slots of a picture
NEAR = 0.05  # which of two objects is the more prominent is uncertain if their areas differ by less than that share
ENCODING_BATCH = 250  # grids

_NUMBER = {word: number for number, word in enumerate(WORDS)}
_VERBS = slice(_NUMBER[VERBS[0]], _NUMBER[VERBS[-1]] + 1)


@dataclass(frozen=True)
class SrlConfig:
    """The sizes of the network; each default is that of the shipped weights."""

    channels: int = 160  # of the image encoder's grid
    width: int = 128  # of the vector of each slot
    heads: int = 4
    blocks: int = 3  # find the next object, see what it does, compare it with the others
    precision: str = "float32"  # a Keras dtype policy; training may take a faster one, the weights stay float32


def build(config: SrlConfig) -> keras.Model:
    """The network that fills slots.

    Returns:
        A model of two inputs: grids float [n, 64, channels], and ids int32 [n, t]: START and the fillers of the slots
        so far → float32 [n, t, words + 5]: logits of the filler of the next slot; the box of its object, left and upper
        edge, width and height as shares of the picture; and the logarithm of the share of the picture that shows it.
    """
    with dtype_policy(config.precision):
        grid = layers.Input((GRID * GRID, config.channels), name="grid")
        ids = layers.Input((None,), dtype="int32", name="ids")
        cells = CoordinateEncoding(name="cells")(grid)
        x = layers.Embedding(len(WORDS), config.width, name="embedding")(ids)
        x = PositionalEmbedding(MAX_FRAMES, name="places")(x)
        x = ops.expand_dims(x, 1)  # (n, 1, t, width)
        for number in range(config.blocks):
            x = Block(config.heads, name=f"block{number}")(x, cells)
        x = layers.LayerNormalization(epsilon=1e-5, name="norm")(x)[:, 0]
        logits = layers.Dense(len(WORDS), dtype="float32", name="logits")(x)
        box = layers.Dense(4, activation="sigmoid", dtype="float32", name="box")(x)
        area = layers.Dense(1, dtype="float32", name="seen")(x)
    outputs = layers.Concatenate(dtype="float32", name="outputs")([logits, box, area])
    return keras.Model([grid, ids], outputs, name="srl")


def _fillers(slot: str, previous: str, *, first: bool) -> Sequence[str]:
    """What a slot may hold after a word."""
    if previous == "<end>" or (previous == "<pad>" and not first):
        return ("<pad>",)
    if slot == "verb":
        return VERBS if first else ("<end>", *VERBS)
    if slot == "thing":
        return OBJECTS
    return FACINGS if slot == "direction" else PLACES


# Which words may follow which in each slot: bool [MAX_FRAMES, words, words].
_FILLERS = np.array(
    [
        [np.isin(WORDS, _fillers(SLOTS[place % len(SLOTS)], word, first=place == 0)) for word in WORDS]
        for place in range(MAX_FRAMES)
    ]
)
# Whether there is a direction depends on the verb, which is not the word before it.
_DIRECTED = np.array(["direction" in ROLES.get(word, ()) for word in WORDS])


class GeneratedSlots(NamedTuple):
    """The slots of n pictures, their objects from left to right."""

    ids: np.ndarray  # int32 [n, MAX_FRAMES]
    log_probabilities: np.ndarray  # float32 [n, MAX_FRAMES, words]: among the fillers that each slot may hold
    boxes: np.ndarray  # float32 [n, MAX_OBJECTS, 4]: left and upper edge, width and height, as shares of the picture
    areas: np.ndarray  # float32 [n, MAX_OBJECTS]: the share of the picture that shows each; 0 where there is none


def generate(network: keras.Model, grids: np.ndarray, verbs: np.ndarray | None = None) -> GeneratedSlots:
    """Fill the slots of encoded pictures by greedy decoding.

    Args:
        network: as `build` makes it.
        grids: n pictures, float [n, 64, c], as `encode_images` gives them.
        verbs: int [n, MAX_OBJECTS], numbers in `WORDS`: verbs that are given, from left to right, END where no object
            is left; PAD, or None, leaves the verb to the network.

    Raises:
        ValueError: grids or verbs of another shape.
    """
    grids = np.asarray(grids, "float32")
    cells, channels = network.inputs[0].shape[1:]
    if grids.ndim != 3 or grids.shape[1:] != (cells, channels):
        raise ValueError(
            f"grids have shape {list(grids.shape)}; accepted: [n, {cells}, {channels}], as `encode_images` gives them"
        )
    given = np.zeros((len(grids), MAX_OBJECTS), "int32") if verbs is None else np.asarray(verbs, "int32")
    if given.shape != (len(grids), MAX_OBJECTS):
        raise ValueError(f"verbs have shape {list(given.shape)}; accepted: [{len(grids)}, {MAX_OBJECTS}]")
    fill_slots = _compiled(network)
    batches = [slice(first, first + ENCODING_BATCH) for first in range(0, len(grids), ENCODING_BATCH)]
    parts = [[np.asarray(array) for array in fill_slots(grids[batch], given[batch])] for batch in batches]
    ids, outputs = (np.concatenate(arrays, axis=1).swapaxes(0, 1) for arrays in zip(*parts, strict=True))
    words, last = len(WORDS), outputs[:, len(SLOTS) - 1 :: len(SLOTS)]
    verb_ids = ids[:, :: len(SLOTS)]
    there = (verb_ids >= _VERBS.start) & (verb_ids < _VERBS.stop)  # (n, MAX_OBJECTS)
    areas = np.where(there, np.exp(last[..., -1]), 0)
    return GeneratedSlots(ids, outputs[..., :words], last[..., words : words + 4], areas)


@lru_cache(maxsize=8)
def _compiled(network: keras.Model) -> Callable:
    """The loop of `generate` in a TensorFlow graph: grids, verbs → ids [MAX_FRAMES, n], outputs [MAX_FRAMES, n, c]."""
    layer, blocks = network.get_layer, [block for block in network.layers if isinstance(block, Block)]
    fillers, directed = tf.constant(_FILLERS), tf.constant(_DIRECTED)
    only_none = tf.constant(np.arange(len(WORDS)) == NONE)
    signature = [
        tf.TensorSpec((None, *network.inputs[0].shape[1:]), "float32"),
        tf.TensorSpec((None, MAX_OBJECTS), "int32"),
    ]

    @tf.function(input_signature=signature, autograph=False)
    def fill_slots(grids, given):
        memory, n = layer("cells")(grids), tf.shape(grids)[0]

        def next_slot(place, previous, caches, ids, outputs):
            newest, verb = previous  # the word before, and the verb of the frame
            x, new_caches = layer("places").at(layer("embedding")(newest)[:, None], place), []
            for block, cache in zip(blocks, caches, strict=True):
                x, new_cache = block.step(x, place, cache)
                new_caches.append(new_cache)
            x = layer("norm")(x)[:, 0]  # (n, width)
            allowed = tf.gather(fillers[place], newest)  # (n, words)
            is_direction = tf.equal(place % len(SLOTS), SLOTS.index("direction"))
            is_direction = tf.logical_and(is_direction, verb >= _VERBS.start)
            allowed = tf.where((is_direction & ~tf.gather(directed, verb))[:, None], only_none, allowed)
            logs = tf.nn.log_softmax(tf.where(allowed, layer("logits")(x), -1e9))
            is_verb = tf.equal(place % len(SLOTS), 0)
            given_verb = tf.where(tf.equal(newest, END), PAD, given[:, place // len(SLOTS)])
            most_probable = tf.argmax(logs, axis=-1, output_type=tf.int32)
            chosen = tf.where(is_verb & (given_verb != PAD), given_verb, most_probable)
            outputs = outputs.write(place, tf.concat([logs, layer("box")(x), layer("seen")(x)], axis=-1))
            caches = tf.nest.map_structure(lambda new, old: tf.ensure_shape(new, old.shape), tuple(new_caches), caches)
            verb = tf.where(is_verb, chosen, verb)
            return place + 1, (chosen, verb), caches, ids.write(place, chosen), outputs

        caches = tuple(block.init_cache(memory, MAX_FRAMES) for block in blocks)
        start = tf.fill([n], START)
        ids, outputs = (tf.TensorArray(kind, MAX_FRAMES) for kind in ("int32", "float32"))
        *_, ids, outputs = tf.while_loop(
            lambda place, *_: place < MAX_FRAMES, next_slot, (tf.constant(0), (start, start), caches, ids, outputs)
        )
        return ids.stack(), outputs.stack()

    return fill_slots


@dataclass(frozen=True, eq=False)
class PredictedFrame:
    """A frame that the network predicts."""

    verb: str  # one of `VERBS`
    roles: tuple[tuple[str, str], ...]  # roles and their fillers, in the order of `language.ROLES[verb]`
    probability: float  # of verb and roles, given the frames to the left; of the roles alone where the verb was given
    box: np.ndarray  # float32 [4]: left and upper edge, width and height of the object, as shares of the picture
    area: float  # the share of the picture that shows the object

    @property
    def obj(self) -> str:
        """The noun of the agent or item."""
        return self.roles[0][1]

    @property
    def kind(self) -> int:
        """The same as an index into `ontology.KINDS`."""
        return OBJECTS.index(self.obj)

    def detected_object(self) -> visible_area.DetectedObject:
        """The object, for `visible_area.estimate`."""
        left, top, width, height = np.clip(self.box, 1 / SIDE, 1)
        box = visible_area.within(left, top, left + width, top + height)
        assert box is not None, "a box begins within the picture, and has a pixel at least"
        return visible_area.DetectedObject(self.kind, POSTURE_OF[self.verb], dict(self.roles)["place"], box, self.area)

    def edges(self, side: int) -> np.ndarray:
        """The box as left, top, right and bottom in a picture of so many pixels: float [4], 0 to `side`."""
        return side * np.clip(np.concatenate([self.box[:2], self.box[:2] + self.box[2:]]), 0, 1)


@dataclass(frozen=True, eq=False)
class SrlModel:
    """Pictures → frames, by an image encoder, a network that fills slots, and a detector that measures objects.

    Without a detector, boxes and visible areas are the network's own estimates. `margins` are those of
    `visible_area.learn_margins`.
    """

    image_encoder: keras.Model
    network: keras.Model
    detector: keras.Model | None = None
    margins: visible_area.Margins = field(default_factory=dict)

    def frames(self, pictures: np.ndarray) -> list[list[PredictedFrame]]:
        """For each picture one to four frames, the most prominent object's first.

        Pictures are uint8 [n, h, w, 3]; those that are not of 64×64 pixels are scaled to fit.
        """
        grids = encode_images(self.image_encoder, pictures)
        return self.frames_of_features(grids, self.generate(pictures, grids))

    def generate(self, pictures: np.ndarray, grids: np.ndarray) -> GeneratedSlots:
        """The slots of pictures, encoded as `grids`, with boxes and visible areas as the detector measures them."""
        slots = generate(self.network, grids)
        if self.detector is None:
            return slots
        squares, _ = letterbox(pictures, SIDE)
        boxes, areas = slots.boxes.copy(), slots.areas.copy()
        detections = detection.model.detect(self.detector, squares)
        for row, (frames, detected) in enumerate(zip(_predicted_frames(slots), detections, strict=True)):
            there = np.flatnonzero(areas[row])
            objects = [frame.detected_object() for frame in frames]
            exact, areas[row, there] = visible_area.estimate(objects, detected, self.margins)
            boxes[row, there] = [(box.x, box.y, box.w, box.h) for box in exact]
        return slots._replace(boxes=boxes, areas=areas)

    def frames_of_features(self, grids: np.ndarray, slots: GeneratedSlots | None = None) -> list[list[PredictedFrame]]:
        """As `frames`, for encoded pictures [n, 64, c]; `slots`, if known already, as `generate` gives them."""
        slots = slots or generate(self.network, grids)
        return [sorted(frames, key=lambda frame: -frame.area) for frames in _predicted_frames(slots)]

    def verbs(self, grids: np.ndarray, slots: GeneratedSlots | None = None) -> np.ndarray:
        """The probability of each verb for the most prominent object: float64 [n, verbs], in the order of `VERBS`."""
        return np.exp(_of_most_prominent(slots or generate(self.network, grids))).sum(axis=1)

    def with_gold_verb(
        self, grids: np.ndarray, verbs: Sequence[str], slots: GeneratedSlots | None = None
    ) -> list[PredictedFrame]:
        """For each encoded picture the frame of the most prominent object, given its verb, one of `VERBS`."""
        if isinstance(verbs, str) or len(verbs) != len(grids):
            raise ValueError(f"{len(verbs)} verbs for {len(grids)} pictures; accepted: one for each")
        _check(verbs)
        numbers = np.array([_NUMBER[verb] for verb in verbs], "int32").reshape(-1, 1)
        logs = _of_most_prominent(slots or generate(self.network, grids))  # (n, objects, verbs)
        logs = np.take_along_axis(logs, numbers[..., None] - _VERBS.start, axis=2)[..., 0]
        which = logs.argmax(axis=1)  # (n)
        given = np.where(np.arange(MAX_OBJECTS) == which[:, None], numbers, PAD)
        frames = _predicted_frames(generate(self.network, grids, given), given=given)
        return [row[number] for row, number in zip(frames, which, strict=True)]

    def with_gold_verbs(self, grids: np.ndarray, verbs: Sequence[Sequence[str]]) -> list[list[PredictedFrame]]:
        """The frames of all objects of encoded pictures, given their verbs; both from left to right."""
        if len(verbs) != len(grids):
            raise ValueError(f"{len(verbs)} lists of verbs for {len(grids)} pictures; accepted: one for each")
        given = np.full((len(grids), MAX_OBJECTS), END, "int32")
        for row, listed in enumerate(verbs):
            if not 1 <= len(listed) <= MAX_OBJECTS:
                raise ValueError(f"{len(listed)} verbs for a picture; accepted: 1 to {MAX_OBJECTS}")
            _check(listed)
            given[row, : len(listed)] = [_NUMBER[verb] for verb in listed]
        return _predicted_frames(generate(self.network, grids, given), given=given)


def _check(verbs: Sequence[str]) -> None:
    for verb in verbs:
        if verb not in VERBS:
            raise ValueError(f"a verb is one of: {', '.join(VERBS)}; given was {verb!r}")


def _of_most_prominent(slots: GeneratedSlots) -> np.ndarray:
    """Log probabilities that an object is the most prominent and has a verb: [n, objects, verbs]; see `NEAR`."""
    areas = np.log(np.maximum(slots.areas, 1e-30), dtype="float64")
    scores = (areas - areas.max(axis=1, keepdims=True, initial=-np.inf)) / NEAR
    prominent = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))  # (n, objects)
    verbs = slots.log_probabilities[:, :: len(SLOTS), _VERBS].astype("float64")
    verbs = verbs - np.log(np.exp(verbs).sum(axis=2, keepdims=True) + 1e-30)  # given that there is an object
    return prominent[..., None] + verbs


def _predicted_frames(slots: GeneratedSlots, given: np.ndarray | None = None) -> list[list[PredictedFrame]]:
    """The frames of each picture, from left to right."""
    chosen = np.take_along_axis(slots.log_probabilities, slots.ids[..., None], axis=2)[..., 0]  # (n, MAX_FRAMES)

    def frame(row: int, number: int) -> PredictedFrame:
        own = slice(number * len(SLOTS), (number + 1) * len(SLOTS))
        verb, obj, direction, place = (WORDS[word] for word in slots.ids[row, own])
        values = {"agent": obj, "item": obj, "direction": direction, "place": place}
        verb_given = given is not None and given[row, number] != PAD
        return PredictedFrame(
            verb,
            tuple((role, values[role]) for role in ROLES[verb]),
            float(np.exp(chosen[row, own][1 if verb_given else 0 :].sum())),
            slots.boxes[row, number],
            float(slots.areas[row, number]),
        )

    return [[frame(row, int(number)) for number in np.flatnonzero(areas)] for row, areas in enumerate(slots.areas)]


def linearize(scene: Scene) -> tuple[list[int], list[Frame]]:
    """The fillers of a scene's slots, and its frames from left to right.

    Fillers are `MAX_FRAMES` numbers in `WORDS`: a frame for each object, END if there is room, and PAD from there on.
    """
    ordered = sorted(semantic_frames.frames(scene), key=lambda frame: scene.objects[frame.obj].box.middle)
    fillers: list[str] = []
    for frame in ordered:
        values = dict(frame.roles)
        obj = values.get("agent") or values["item"]
        fillers += [frame.verb, obj, values.get("direction", WORDS[NONE]), values["place"]]
    numbers = [*(_NUMBER[word] for word in fillers), END, *[PAD] * MAX_FRAMES]
    return numbers[:MAX_FRAMES], ordered


def load(folder: Path = weights.FOLDER) -> SrlModel:
    """The network with shipped weights, which all callers share; encoder and detector are always the package's."""
    network = weights.load("srl", build, SrlConfig, folder=folder)
    margins = weights.card("srl", folder)["margins"]
    return SrlModel(captioning.model.load_image_encoder(), network, detection.model.load(), margins)
