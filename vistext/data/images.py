"""Pictures from files, whatever kind they are of, as every model of the course takes them: uint8 [h, w, 3] RGB."""

import os
import re
import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import ceil, sqrt
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, features

# By what a file begins with. The other formats that Pillow knows stay shut: some start other programs, and no camera or
# browser saves them. HEIC and AVIF share "mif1": an AVIF says so among the kinds that come after.
FORMATS = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "WEBP": rb"RIFF(....WEBP|.{0,4}W?E?B?\Z)",
    "GIF": rb"GIF8",
    "BMP": rb"BM....\0\0\0\0",
    "AVIF": rb"....ftyp(avi[fs]|m[is]f1.{0,40}avi[fs])",
    "HEIF": rb"....ftyp(he[iv][cmsx]|m[is]f1)",
}
ACCEPTED = "JPEG, PNG, WebP, HEIC, AVIF, GIF or BMP"
LARGE = 2**25  # pixels; a picture that has more is reduced while it is read: no model of the course sees as many
# Pixels that are read at all: they take up to 1.6 GB of memory as JPEG, and 2.1 as WebP, which needs 16 bytes a pixel.
LARGEST = {"JPEG": 2**28, "PNG": 2**28, "GIF": 2**28, "BMP": 2**28, "WEBP": 2**27, "HEIF": 2**27, "AVIF": 2**27}
STRIP = 2**22  # pixels that are converted at once

_limit_lock = threading.Lock()


class PictureError(ValueError):
    """A file that cannot be shown to a model; the message is one line that says why and what to do."""


def open_picture(source: str | os.PathLike | BinaryIO) -> np.ndarray:
    """Read any JPEG, PNG, WebP, HEIC, AVIF, GIF or BMP as 8-bit RGB.

    Transparency is laid on white, a rotation noted in the file is carried out, and an animation gives its first frame.
    A picture of more than 33 million pixels is reduced, by a whole number, to fewer.

    Args:
        source: path of the file, or an open binary file (`io.BytesIO` for bytes that were uploaded).

    Returns:
        uint8 [h, w, 3] RGB in [0, 255], writable.

    Raises:
        PictureError: no picture that can be read here; the message says why, and what to do.
    """
    if not isinstance(source, str | os.PathLike):
        return _read(source, name="the picture")
    name = os.fspath(source)
    try:
        # Looked at before it is opened: opening a named pipe would wait for a writer.
        if not stat.S_ISREG(os.stat(name).st_mode):
            kind = "a folder" if os.path.isdir(name) else "not a file"
            raise PictureError(f"{name} is {kind}; give the path of one picture ({ACCEPTED})")
        with open(name, "rb") as file:
            return _read(file, name)
    except PictureError:
        raise
    except FileNotFoundError:
        raise PictureError(f"{name}: no such file; check the path") from None
    except (OSError, ValueError) as error:
        raise PictureError(f"{name!r} cannot be opened: {getattr(error, 'strerror', None) or error}") from None


def cat() -> np.ndarray:
    """The course's photograph of a cat, uint8 [300, 451, 3] RGB, CC0, shipped with scikit-image."""
    return photograph("chelsea")


def photograph(name: str) -> np.ndarray:
    """A photograph of `skimage.data`, such as "coffee", as uint8 [h, w, 3] RGB; PictureError if none has that name.

    scikit-image itself finds no reader for them where the name of a folder above it holds a "[".
    """
    from skimage import data

    png = Path(data.__file__).with_name(f"{name}.png")
    jpeg = png.with_suffix(".jpg")
    return open_picture(jpeg if jpeg.exists() else png)


def overlay_heat(picture: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """A picture in pale gray under a heat map: from clear, where heat is 0, to dark red, where it is 1.

    Warmer is darker, so the map can be read in print, too, and by the color-blind. The picture is uint8 [h, w, 3], heat
    float [h, w] in [0, 1].
    """
    gray = 120 + 0.5 * np.asarray(Image.fromarray(picture).convert("L"), "float32")
    anchors = ((255, 255, 150), (253, 141, 60), (160, 0, 30))  # yellow, orange, dark red, after ColorBrewer's YlOrRd
    warm = np.stack([np.interp(heat, (0, 0.5, 1), channel) for channel in zip(*anchors, strict=True)], axis=-1)
    opacity = np.minimum(heat * 1.4, 0.7)[..., np.newaxis]
    return np.rint(opacity * warm + (1 - opacity) * gray[..., np.newaxis]).astype("uint8")


def center_crop(picture: np.ndarray, size: int) -> np.ndarray:
    """The central square of a picture, uint8 [h, w, 3], scaled without aliasing (Lanczos): uint8 [size, size, 3]."""
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
        raise ValueError(f"a picture is uint8 [h, w, 3]; given was {picture.dtype} {list(picture.shape)}")
    if size < 1:
        raise ValueError(f"a picture's side is at least 1 pixel; given was {size}")
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    # Cropped before it is scaled, so that nothing outside the square bleeds into its edge.
    central = Image.fromarray(np.ascontiguousarray(picture[top : top + side, left : left + side]))
    return np.array(central.resize((size, size), Image.Resampling.LANCZOS))


def _read(file: BinaryIO, name: str) -> np.ndarray:
    start = file.read(64)
    file.seek(0)
    if not start:
        raise PictureError(f"{name} is empty (zero bytes); it was probably not saved or downloaded whole")
    file_format = next((name for name, begin in FORMATS.items() if re.match(begin, start, re.DOTALL)), None)
    if file_format is None:
        raise PictureError(f"{name} is not a picture that can be read here ({ACCEPTED}); convert it first")
    _check_decoder(file_format, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged notes in the file, which would only be noise in a lesson
            with _limit(LARGEST[file_format]):
                image = Image.open(file, formats=(file_format,))
            with image:
                rgb = _reduced_to_rgb(image)
            with suppress(Exception):  # damaged notes beside the picture are no reason to refuse the picture
                ImageOps.exif_transpose(rgb, in_place=True)
            return np.array(rgb)
    except Image.DecompressionBombError:
        most = f"{LARGEST[file_format] / 1e6:.0f} million pixels that are read here ({file_format})"
        raise PictureError(f"{name} has more than the {most}; scale it down") from None
    except MemoryError:
        raise PictureError(f"{name} does not fit into memory; scale it down") from None
    except Exception as error:
        # Pillow's decoders meet damaged data with OSError, SyntaxError, ValueError, EOFError, struct.error and others.
        reason = "" if isinstance(error, Image.UnidentifiedImageError) else f" ({' '.join(str(error).split())})"
        raise PictureError(f"{name} is cut short or damaged{reason}; save or download it again") from None


def _check_decoder(file_format: str, name: str) -> None:
    if file_format == "AVIF" and not features.check("avif"):
        raise PictureError(f'{name} is an AVIF, which this Pillow cannot read: pip install --upgrade "pillow>=11.3"')
    if file_format == "HEIF":
        try:
            from pillow_heif import register_heif_opener
        except ImportError:
            raise PictureError(f"{name} is a HEIC photograph: to read it, pip install pillow-heif") from None
        register_heif_opener()


@contextmanager
def _limit(pixels: int) -> Iterator[None]:
    """Let Pillow refuse what has more pixels, and nothing else: it refuses from twice its setting on."""
    with _limit_lock:
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, pixels // 2
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _reduced_to_rgb(image: Image.Image) -> Image.Image:
    """Decode and convert, a strip at a time, so that a large picture is never copied at its full size."""
    factor = _factor(image)
    image.draft(None, (max(1, image.width // factor), max(1, image.height // factor)))  # as JPEG, next to free
    image.load()
    factor = _factor(image)
    rgb = Image.new("RGB", (ceil(image.width / factor), ceil(image.height / factor)))
    step = factor * max(1, STRIP // image.width // factor)
    for top in range(0, image.height, step):
        strip = image.crop((0, top, image.width, min(top + step, image.height)))
        rgb.paste(_to_rgb(strip).reduce(factor), (0, top // factor))
    rgb.info = image.info
    return rgb


def _factor(image: Image.Image) -> int:
    return ceil(sqrt(image.width * image.height / LARGE))


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # 16-bit gray: Pillow's own conversion clips at 255 instead of scaling.
        return Image.fromarray((np.asarray(image, np.uint32) // 257).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("RGB")
    return image.convert("RGB")
