"""Muon, and an Adam that compiles quickly."""

import re

from vistext.nn.engine import keras, tf

ops = keras.ops

ADAMS_STEP = 0.2  # root mean square of what Adam changes in a step, as a share of its rate: 0.2 to 0.4 as a rule


@keras.saving.register_keras_serializable("vistext")
class Adam(keras.optimizers.Adam):
    """Keras's Adam with one operation of TensorFlow's for each weight in place of forty, which take long to compile."""

    def apply(self, grads, trainable_variables=None):
        step = ops.cast(self.iterations + 1, "float32")
        self._powers = [ops.power(ops.cast(beta, "float32"), step) for beta in (self.beta_1, self.beta_2)]
        return super().apply(grads, trainable_variables)

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].handle,
            v=self._velocities[index].handle,
            beta1_power=self._powers[0],
            beta2_power=self._powers[1],
            lr=learning_rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.convert_to_tensor(gradient),  # of an embedding, rows of it
        )


@keras.saving.register_keras_serializable("vistext")
class Muon(keras.optimizers.Adam):
    """Muon for kernels of convolutions and, if asked to, of dense layers; Adam for everything else.

    A step of plain momentum moves a kernel mostly along the few directions in which its gradient is large. Muon makes
    the step orthogonal first, so that every direction moves alike (Jordan et al. 2024, "Muon: an optimizer for hidden
    layers in neural networks"; for convolutions, `airbench94_muon` in the repository of arXiv:2404.00498). The
    optimizer of that name in Keras leaves convolution kernels to Adam, hence this one.

    Args:
        learning_rate: of the kernels, each of which is held at a norm of √(its output channels).
        momentum: of the kernels, Nesterov's, 0 to 1.
        adam_lr: Adam's learning rate for the other variables, as a share of `learning_rate`.
        dense_lr: likewise Muon's for kernels [m, n] of dense layers, but for layers named "logits": the steps have
            the size of Adam's (Liu et al. 2025, "Muon is Scalable for LLM Training", arXiv:2502.16982). 0 leaves them
            to Adam.
        iterations: Newton-Schulz steps towards the orthogonal matrix; three suffice for convolutions.
    """

    def __init__(
        self, learning_rate=0.24, momentum=0.6, adam_lr=0.1, *, dense_lr=0.0, iterations=3, name="muon", **settings
    ):
        super().__init__(learning_rate, name=name, **settings)
        self.momentum = momentum
        self.adam_lr = adam_lr
        self.dense_lr = dense_lr
        self.newton_schulz_iterations = iterations

    def update_step(self, gradient, variable, learning_rate):
        dense = self._is_dense(variable)
        if not (len(variable.shape) == 4 or dense):
            super().update_step(gradient, variable, learning_rate * self.adam_lr)
            return
        rate = ops.cast(learning_rate, variable.dtype)
        velocity = self._momentums[self._get_variable_index(variable)]
        self.assign(velocity, self.momentum * velocity + gradient)
        step = gradient + self.momentum * velocity
        channels = variable.shape[-1]
        step = ops.reshape(self.orthogonal(ops.reshape(step, (-1, channels))), variable.shape)
        if dense:
            size = self.dense_lr * ADAMS_STEP * max(variable.shape) ** 0.5
            self.assign(variable, variable - rate * size * step)
        else:
            kernel = variable * (channels**0.5 / ops.norm(ops.reshape(variable, (-1,))))
            self.assign(variable, kernel - rate * step)

    def _is_dense(self, variable):
        path = self._trainable_variables[self._get_variable_index(variable)].path
        return bool(self.dense_lr) and len(variable.shape) == 2 and re.search(r"(?<!logits)/kernel$", path) is not None

    def orthogonal(self, matrix):
        """The matrix with its singular values brought near 1, without an SVD: [m, n] → [m, n].

        In three steps all those come to 0.5 .. 1.25 that are at least 1.3 % of the matrix's norm.
        """
        tall = matrix.shape[0] > matrix.shape[1]
        x = ops.transpose(matrix) if tall else matrix
        x = x / (ops.norm(ops.reshape(x, (-1,))) + 1e-7)  # now no singular value is above 1
        for _ in range(self.newton_schulz_iterations):
            gram = x @ ops.transpose(x)
            # Jordan's coefficients: the odd quintic 3.4445 s - 4.7750 s³ + 2.0315 s⁵ of each singular value s.
            x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
        return ops.transpose(x) if tall else x

    def get_config(self):
        return super().get_config() | {
            "momentum": self.momentum,
            "adam_lr": self.adam_lr,
            "dense_lr": self.dense_lr,
            "iterations": self.newton_schulz_iterations,
        }
