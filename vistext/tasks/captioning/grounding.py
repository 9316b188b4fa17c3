"""What a writer is asked while it learns to speak: of which object did it speak last, of which will it speak next?

Of two deer, only who knows which one the words so far were about can say what the other does. So beside the words
themselves it is learned where to look, as for translations Liu et al. 2016, "Neural Machine Translation with Supervised
Attention" (arXiv:1609.04186). What answers is a dense layer on top of two of the writer's blocks; it is not shipped.
"""

from vistext.data.vocabulary import PAD
from vistext.nn.attention import Block
from vistext.nn.engine import keras, tf
from vistext.nn.training import masked_mean
from vistext.scenes.ontology import MAX_OBJECTS

layers = keras.layers
ops = keras.ops

ASKED = 2  # the last object that was spoken of, asked of the first block; the next, of the second


@keras.saving.register_keras_serializable("vistext")
class GroundingHead(layers.Layer):
    """How well each word fits each object: words [n, s, t, width] and objects [n, m, c] → float32 [n, s, t, m]."""

    def build(self, words_shape, objects_shape):
        self.questions = layers.Dense(objects_shape[-1], name="questions")
        self.questions.build(words_shape)
        self.built = True

    def call(self, words, objects):
        fits = ops.einsum("nstc,nmc->nstm", self.questions(words), objects)
        return ops.cast(fits, "float32") * objects.shape[-1] ** -0.5


def with_grounding(writer: keras.Model) -> keras.Model:
    """A writer that finds objects, asked as well of which it speaks.

    Args:
        writer: as `describer.build_writer` makes it, of two blocks or more.

    Returns:
        A model of the same inputs → its logits, then for the last object spoken of and the next how well each of the
        objects fits: float32 [n, s, t, words + 2 * MOST_THINGS].
    """
    objects = writer.get_layer("things").output[:, -MAX_OBJECTS:]
    blocks = [layer for layer in writer.layers if isinstance(layer, Block)]
    pointers = [
        GroundingHead(name=f"pointer{number}")(block.output, objects) for number, block in enumerate(blocks[:ASKED])
    ]
    said = layers.Concatenate(dtype="float32", name="said")([writer.output, *pointers])
    return keras.Model(writer.inputs, said, name="pointing")


class Loss(keras.losses.Loss):
    """How unlikely the words were that came next, and how unlikely the objects of which they speak.

    Args:
        share: how much the objects count.
    """

    def __init__(self, share: float):
        super().__init__(reduction="sum", name="loss")
        self.share = share

    def call(self, following, said):
        following = tf.cast(following, tf.int32)
        words = said.shape[-1] - ASKED * MAX_OBJECTS
        wrong = tf.nn.sparse_softmax_cross_entropy_with_logits(following[..., 0], said[..., :words])
        total = masked_mean(wrong, following[..., 0] != PAD)
        for number in range(ASKED):
            obj, asked = _asked(following, number)
            fits = said[..., words + number * MAX_OBJECTS :][..., :MAX_OBJECTS]
            total += self.share * masked_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(obj, fits), asked)
        return total


def accuracy(following, said):
    """How often the object that will be spoken of next is the one that fits best; much of that is not to be known."""
    obj, asked = _asked(tf.cast(following, tf.int32), ASKED - 1)
    return masked_mean(tf.equal(tf.argmax(said[..., -MAX_OBJECTS:], axis=-1, output_type=tf.int32), obj), asked)


def _asked(following, number: int):
    """The object of which is asked, counted from 0, and where there is one."""
    obj = following[..., 1 + number]
    return tf.maximum(obj - 1, 0), tf.logical_and(following[..., 0] != PAD, obj > 0)
