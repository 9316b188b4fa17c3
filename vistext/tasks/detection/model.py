"""Lesson 02's detector, a one-stage network without anchors: each cell of a grid predicts a class and a box.

After Tian et al. 2019, "FCOS: Fully Convolutional One-Stage Object Detection" (arXiv:1904.01355). From Li et al. 2020,
"Generalized Focal Loss" (arXiv:2006.04388): a distance is a distribution over whole numbers of pixels, not one number,
and the score of a kind is trained to predict how well the box fits.
"""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from vistext.nn import resize, weights
from vistext.nn.engine import dtype_policy, keras, tf
from vistext.nn.unet import conv_block, stem, unet
from vistext.scenes import ontology

layers = keras.layers
ops = keras.ops

SIDE = 64  # of the pictures, in pixels
STRIDE = 4  # pixels in a cell: no two objects of the drawn world are centered in the same one
KINDS = len(ontology.KINDS)
BATCH = 250  # pictures in one forward pass
SCORE, OVERLAP = 0.4, 0.6  # thresholds of `detect`


@dataclass(frozen=True)
class DetectorConfig:
    """The sizes of the network; each default is that of the shipped weights."""

    widths: tuple[int, ...] = (64, 128, 160, 192)  # channels at 1/2, 1/4, 1/8 and 1/16 of the picture's side
    depth: int = 2  # convolutions of each level on the way down
    head: int = 1  # further convolutions before the outputs
    distances: int = 32  # from a cell in the middle of an object to its edge: 0 to 31 pixels
    precision: str = "float32"  # a Keras dtype policy; training may take a faster one, the weights stay float32


class Detections(NamedTuple):
    """The objects found in a picture, the highest score first."""

    boxes: np.ndarray  # float32 [m, 4]: left, top, right, bottom in pixels; right and bottom are just beyond the object
    kinds: np.ndarray  # int32 [m]: indices into `ontology.KINDS`
    scores: np.ndarray  # float32 [m], 0 to 1


def build(config: DetectorConfig = DetectorConfig()) -> keras.Model:
    """The network, not compiled: uint8 [n, h, w, 3], h and w multiples of 16 → [n, h / 4, w / 4, 10 + 4 * distances].

    For each cell, a logit for each kind, for a sigmoid each, then a logit for each distance to each edge; float32.
    """
    with dtype_policy(config.precision):
        pictures = layers.Input((None, None, 3), dtype="uint8", name="pictures")
        x = stem(pictures, config.widths[0])  # (n, h / 2, w / 2, widths[0])
        x = unet(x, config.widths, up_to=1, depth=config.depth)  # (n, h / 4, w / 4, widths[1])
        for number in range(config.head):
            x = conv_block(x, config.widths[1], name=f"head_{number}")
        # At first no cell predicts an object, as is mostly true (Lin et al. 2017, arXiv:1708.02002).
        kinds = layers.Dense(KINDS, bias_initializer=keras.initializers.Constant(-4.6), name="kinds")(x)
        edges = layers.Dense(4 * config.distances, name="edges")(x)
        outputs = layers.Concatenate(dtype="float32", name="outputs")([kinds, edges])
    return keras.Model(pictures, outputs, name="detector")


load = partial(weights.load, "detector", build, DetectorConfig)  # the shipped network, which all callers share
card = partial(weights.card, "detector")  # its data, recipe, seed and measured figures


def cell_centers(height: int, width: int) -> np.ndarray:
    """The centers of the cells: float32 [height / 4, width / 4, 2], x and y in pixels."""
    x, y = (np.arange(STRIDE / 2, length, STRIDE, dtype=np.float32) for length in (width, height))
    return np.stack(np.meshgrid(x, y), axis=-1)


def targets(boxes: np.ndarray, kinds: np.ndarray, side: int = SIDE) -> np.ndarray:
    """What the cells of each picture are to predict.

    The positive locations of an object are the cells whose center is inside its box and at most 6 pixels from the box's
    center, across and down. A cell that is positive for several objects belongs to the nearest.

    Args:
        boxes: [n, objects, 4]: left, top, right, bottom in pixels.
        kinds: int [n, objects]; -1 where there is no object.
        side: of the pictures, in pixels; a multiple of 4.

    Returns:
        float32 [n, side / 4, side / 4, 5]: the kind (-1 for background), and the distances from the cell's center to
        the left, top, right and bottom edge, in pixels.
    """
    boxes, kinds = np.asarray(boxes, np.float32), np.asarray(kinds)
    if kinds.ndim != 2 or boxes.shape != (*kinds.shape, 4):
        raise ValueError(f"boxes {boxes.shape} and kinds {kinds.shape}; accepted: [n, objects, 4] and [n, objects]")
    cells = cell_centers(side, side)  # (rows, columns, 2): x, y
    table = np.zeros((len(boxes), *cells.shape[:2], 5), np.float32)
    table[..., 0] = -1
    nearest = np.full(table.shape[:3], np.inf)  # distance to the object that a cell belongs to so far
    # The first object of every picture, then the second, and so on.
    for box, kind in zip(boxes.swapaxes(0, 1)[:, :, None, None], kinds.T[:, :, None, None], strict=True):
        low, high = box[..., :2], box[..., 2:]  # (n, 1, 1, 2)
        offset = np.abs(cells - (low + high) / 2)  # (n, rows, columns, 2)
        reach = np.clip((high - low) / 2, STRIDE / 2, 1.5 * STRIDE)  # at least one cell, at most 3 × 3 or so
        distance = (offset**2).sum(axis=-1)
        positive = (offset <= reach).all(axis=-1) & (distance < nearest) & (kind >= 0)
        nearest[positive] = distance[positive]
        kind_map = np.broadcast_to(kind[..., None], (*positive.shape, 1))
        table[positive] = np.concatenate([kind_map, cells - low, high - cells], axis=-1)[positive]
    return table


def loss(truth, outputs):
    """Quality focal loss, twice 1 - GIoU, and distribution focal loss, per positive location.

    Equations 2 and 6 of Generalized Focal Loss; truth is as `targets` gives it, outputs as the network gives them.
    """
    where = tf.where(truth[..., 0] >= 0)  # (cells, 3): picture, row, column of the positive locations
    count = ops.maximum(1.0, ops.cast(ops.shape(where)[0], "float32"))
    wanted, predicted = tf.gather_nd(truth, where), tf.gather_nd(outputs, where)  # (cells, ...)

    edges = ops.log_softmax(ops.reshape(predicted[:, KINDS:], (-1, 4, (outputs.shape[-1] - KINDS) // 4)))
    pixels = ops.arange(edges.shape[-1], dtype="float32")
    distances = ops.sum(ops.exp(edges) * pixels, axis=-1)  # (cells, 4): the expected distance, a fraction of a pixel
    # A true distance between two whole numbers is a mixture of these.
    shares = ops.relu(1 - ops.abs(wanted[:, 1:, None] - pixels))
    edge_loss = -ops.mean(ops.sum(shares * edges, axis=-1), axis=-1)
    iou, giou = overlaps(distances, wanted[:, 1:])

    kind = ops.cast(wanted[:, :1], where.dtype)
    logits = outputs[..., :KINDS]
    quality = tf.scatter_nd(ops.concatenate([where, kind], axis=-1), ops.stop_gradient(iou), ops.shape(logits))
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(quality, logits)
    kind_loss = ops.square(quality - ops.sigmoid(logits)) * entropy
    return (ops.sum(kind_loss) + ops.sum(2 * (1 - giou) + edge_loss)) / count


def overlaps(distances, others):
    """Intersection over union, 0 to 1, and the generalized one, -1 to 1, which also falls with the gap between boxes
    (Rezatofighi et al. 2019, arXiv:1902.09630), of boxes around the same points.

    Boxes are distances from the point to the left, top, right and bottom edges, both [..., 4]; the results are [...].
    """

    def area(edges):
        return (edges[..., 0] + edges[..., 2]) * (edges[..., 1] + edges[..., 3])

    intersection = area(ops.minimum(distances, others))
    union = area(distances) + area(others) - intersection
    hull = area(ops.maximum(distances, others))
    iou = intersection / ops.maximum(union, 1e-6)
    return iou, iou - (hull - union) / ops.maximum(hull, 1e-6)


def accuracy(truth, outputs):
    """The share of the positive locations whose highest score is for the right kind; see `loss`."""
    where = tf.where(truth[..., 0] >= 0)
    best = ops.argmax(tf.gather_nd(outputs, where)[:, :KINDS], axis=-1)
    right = ops.equal(ops.cast(best, "float32"), tf.gather_nd(truth, where)[:, 0])
    return tf.math.divide_no_nan(ops.sum(ops.cast(right, "float32")), ops.cast(ops.shape(where)[0], "float32"))


def decode(outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outputs of the network → boxes float32 [n, cells, 4] in whole pixels, scores float32 [n, cells, 10], 0 to 1."""
    n, rows, columns, channels = outputs.shape
    probabilities = ops.softmax(ops.reshape(outputs[..., KINDS:], (n, rows, columns, 4, (channels - KINDS) // 4)))
    expected = ops.sum(probabilities * ops.arange(probabilities.shape[-1], dtype="float32"), axis=-1)
    distances = np.rint(np.asarray(expected))  # an object ends where a pixel does
    cells = cell_centers(rows * STRIDE, columns * STRIDE)
    boxes = np.concatenate([cells - distances[..., :2], cells + distances[..., 2:]], axis=-1)
    scores = np.asarray(ops.sigmoid(outputs[..., :KINDS]))
    return boxes.reshape(n, -1, 4), scores.reshape(n, -1, KINDS)


def candidates(model: keras.Model, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What every cell predicts, before non-maximum suppression, for pictures as `detect` takes them.

    Returns:
        boxes float32 [n, 256, 4]: left, top, right, bottom in pixels of these pictures, within them; and scores float32
        [n, 256, 10] of each kind, 0 to 1.
    """
    squares, factor = resize.letterbox(pictures, SIDE)
    height, width = np.shape(pictures)[1:3]
    parts = [decode(model(squares[first : first + BATCH], training=False)) for first in range(0, len(squares), BATCH)]
    boxes, scores = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return np.clip(boxes / factor, 0, (width, height, width, height), dtype=np.float32), scores


def detect(
    model: keras.Model, pictures: np.ndarray, *, score: float = SCORE, overlap: float = OVERLAP
) -> list[Detections]:
    """Find the objects in each picture.

    Args:
        model: as `build` makes it.
        pictures: uint8 [n, h, w, 3]; those that are not of 64×64 pixels are scaled to fit.
        score: the lowest score of a detection, 0 to 1.
        overlap: the highest intersection over union of two detections of the same kind, 0 to 1.
    """
    for name, value in (("score", score), ("overlap", overlap)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name}={value}; accepted: 0 to 1")
    return [suppress(boxes, scores, score, overlap) for boxes, scores in zip(*candidates(model, pictures), strict=True)]


def suppress(boxes: np.ndarray, scores: np.ndarray, score: float, overlap: float) -> Detections:
    """Non-maximum suppression of one picture's `candidates`, each of which counts for its best kind."""
    kinds, best = scores.argmax(axis=-1).astype(np.int32), scores.max(axis=-1)
    good = np.flatnonzero(best >= score)
    # Boxes of different kinds are moved so far apart that they never overlap.
    apart = boxes[good] + (kinds[good] * 2 * boxes.max(initial=1))[:, np.newaxis]
    chosen = good[tf.image.non_max_suppression(apart, best[good], len(good), overlap).numpy()]
    return Detections(boxes[chosen], kinds[chosen], best[chosen])


def iou(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Intersection over union of a box [4] with each of boxes [m, 4]: [m], 0 to 1."""
    sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    intersection = np.maximum(sides, 0).prod(axis=-1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=-1)
    return intersection / np.maximum((box[2:] - box[:2]).prod() + areas - intersection, 1e-9)
