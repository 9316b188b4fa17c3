"""A caption decoder's auxiliary task while it is trained: which object was mentioned last, and which comes next?

Of two deer, the decoder must know which one the words so far were about to say what the other does. So beside the words
the attention is supervised, as for translations Liu et al. 2016, "Neural Machine Translation with Supervised Attention"
(arXiv:1609.04186). A dense layer on top of two of the decoder's blocks predicts the referents; it is not shipped.
"""

from vistext.data.vocabulary import PAD
from vistext.nn.attention import Block
from vistext.nn.engine import keras, tf
from vistext.nn.training import masked_mean
from vistext.scenes.ontology import MAX_OBJECTS

layers = keras.layers
ops = keras.ops

REFERENTS = 2  # the previous one, which the first block predicts, and the next one, which the second block predicts


@keras.saving.register_keras_serializable("vistext")
class GroundingHead(keras.layers.Layer):
    """How well each word fits each object: words [n, s, t, width] and objects [n, m, c] → float32 [n, s, t, m]."""

    def build(self, words_shape, objects_shape):
        self.questions = layers.Dense(objects_shape[-1], name="questions")
        self.questions.build(words_shape)
        self.built = True

    def call(self, words, objects):
        fits = ops.einsum("nstc,nmc->nstm", self.questions(words), objects)
        return ops.cast(fits, "float32") * objects.shape[-1] ** -0.5


def with_grounding(decoder: keras.Model) -> keras.Model:
    """A caption decoder, of two blocks or more, with grounding heads.

    Returns:
        A model of the same inputs → float32 [n, s, t, words + 2 * MAX_OBJECTS]: its logits, then those of the previous
        and of the next referent.
    """
    objects = decoder.get_layer("things").output[:, -MAX_OBJECTS:]
    blocks = [layer for layer in decoder.layers if isinstance(layer, Block)]
    heads = [
        GroundingHead(name=f"pointer{number}")(block.output, objects) for number, block in enumerate(blocks[:REFERENTS])
    ]
    outputs = layers.Concatenate(dtype="float32", name="outputs")([decoder.output, *heads])
    return keras.Model(decoder.inputs, outputs, name="grounding")


class Loss(keras.losses.Loss):
    """Cross-entropy of the next words, and, times `share`, that of the referents."""

    def __init__(self, share: float):
        super().__init__(reduction="sum", name="loss")
        self.share = share

    def call(self, targets, outputs):
        targets = tf.cast(targets, tf.int32)
        words = outputs.shape[-1] - REFERENTS * MAX_OBJECTS
        entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(targets[..., 0], outputs[..., :words])
        total = masked_mean(entropy, targets[..., 0] != PAD)
        for number in range(REFERENTS):
            obj, mask = _referent(targets, number)
            logits = outputs[..., words + number * MAX_OBJECTS :][..., :MAX_OBJECTS]
            total += self.share * masked_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(obj, logits), mask)
        return total


def accuracy(targets, outputs):
    """How often the next referent is predicted; much of that cannot be known."""
    obj, mask = _referent(tf.cast(targets, tf.int32), REFERENTS - 1)
    return masked_mean(tf.equal(tf.argmax(outputs[..., -MAX_OBJECTS:], axis=-1, output_type=tf.int32), obj), mask)


def _referent(targets, number: int):
    """A referent, counted from 0, and where there is one."""
    obj = targets[..., 1 + number]
    return tf.maximum(obj - 1, 0), tf.logical_and(targets[..., 0] != PAD, obj > 0)
