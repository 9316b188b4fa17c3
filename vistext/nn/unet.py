"""The U-Net that lesson 02's two networks share.

Ronneberger et al. 2015, "U-Net: Convolutional Networks for Biomedical Image Segmentation" (arXiv:1505.04597). What
comes up and what went down at the same level are added rather than stacked, which halves the work: Chaurasia and
Culurciello 2017, "LinkNet" (arXiv:1707.03718).
"""

from vistext.nn.engine import keras, tf
from vistext.nn.layers import PartialIdentity

layers = keras.layers


@keras.saving.register_keras_serializable("vistext")
class FusedBatchNorm(keras.layers.BatchNormalization):
    """Batch normalization of [n, h, w, c] by TensorFlow's fused operation: training takes two thirds the time."""

    def call(self, inputs, training=False):
        mean, variance = tf.zeros(0), tf.zeros(0)  # the batch's own
        if not training:
            mean, variance = tf.convert_to_tensor(self.moving_mean), tf.convert_to_tensor(self.moving_variance)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma if self.scale else tf.ones_like(self.moving_mean),
            offset=self.beta,
            mean=mean,
            variance=variance,
            epsilon=self.epsilon,
            is_training=bool(training),
        )
        if training:
            for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.assign(moving * self.momentum + batch * (1 - self.momentum))
        return outputs


def stem(pictures, channels: int):
    """Pixels to features at half the side: uint8 [n, h, w, 3] → [n, h / 2, w / 2, channels]."""
    x = layers.Rescaling(1 / 64, offset=-2, name="scaled")(pictures)
    x = layers.Conv2D(channels, 6, strides=2, padding="same", use_bias=False, name="stem_conv")(x)
    return _normed(x, "stem")


def unet(x, widths: tuple[int, ...], *, up_to: int = 0, depth: int = 2):
    """Down and up again: [n, h, w, c] → [n, h / 2^up_to, w / 2^up_to, widths[up_to]].

    Args:
        x: features; h and w are multiples of 2^(levels - 1).
        widths: channels of each level, from the finest, which has the side of `x`, to the coarsest, by halves.
        up_to: the level at which the way up ends.
        depth: convolutions of each level on the way down, but for the finest, which has one: it costs the most.
    """
    skips = []
    for level, width in enumerate(widths):
        if level > 0:
            skips.append(x)
            x = layers.MaxPooling2D(2)(x)
        for number in range(depth if level else 1):
            x = conv_block(x, width, name=f"down{level}_{number}")
    for level in reversed(range(up_to, len(widths) - 1)):
        x = layers.Conv2D(widths[level], 1, use_bias=False, name=f"across{level}")(x)
        x = layers.UpSampling2D(2)(x)  # each cell becomes four
        x = layers.Add()([x, skips[level]])
        x = conv_block(x, widths[level], name=f"up{level}")
    return x


def conv_block(x, channels: int, *, name: str):
    """A 3×3 convolution, batch norm and SiLU: [n, h, w, c] → [n, h, w, channels]."""
    kernel = PartialIdentity()
    x = layers.Conv2D(channels, 3, padding="same", use_bias=False, kernel_initializer=kernel, name=f"{name}_conv")(x)
    return _normed(x, name)


def _normed(x, name: str):
    # Statistics forget within a few steps, as in the tagger: short trainings have no time for a slow average.
    x = FusedBatchNorm(momentum=0.6, scale=False, epsilon=1e-5, name=f"{name}_norm")(x)
    return layers.Activation("silu", name=name)(x)
