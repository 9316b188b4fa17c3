"""Parts of the networks of several lessons."""

import numpy as np

from vistext.nn.engine import keras


@keras.saving.register_keras_serializable("vistext")
class PartialIdentity(keras.initializers.Initializer):
    """A 3×3 kernel that at first passes its input channels through; further ones are He-uniform noise."""

    def __init__(self, seed: int | None = None):
        self.seed = seed

    def __call__(self, shape, dtype=None):
        kernel = np.array(keras.initializers.HeUniform(self.seed)(shape)) / np.sqrt(6)
        passed = np.arange(min(shape[2], shape[3]))
        kernel[..., passed] = 0
        kernel[shape[0] // 2, shape[1] // 2, passed, passed] = 1
        return keras.ops.convert_to_tensor(kernel, dtype=dtype)

    def get_config(self):
        return {"seed": self.seed}
