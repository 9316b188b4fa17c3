"""One picture from a file, as every model of the course takes it: uint8 [h, w, 3] RGB.

Files come in many shapes: grey, palette, with transparency, for print (CMYK), turned by a camera that only noted the
turn, animated, cut short by a broken download, or made to fill the memory. Pillow reads them; decided here is what each
of them becomes, and what is said of those that cannot be read.
"""

import os
import stat
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

# The other formats that Pillow knows stay shut: some start other programs, and no camera or browser saves them.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
ACCEPTED = "JPEG, PNG, WebP, GIF or BMP"


class PictureError(ValueError):
    """A file that cannot be shown to a model; the message is one line that says why and what to do."""


def open_picture(source: str | os.PathLike | BinaryIO) -> np.ndarray:
    """Read any JPEG, PNG, WebP, GIF or BMP as 8-bit RGB.

    Transparency is laid on white, a rotation noted in the file is carried out, and an animation gives its first frame.

    Args:
        source: path of the file, or an open binary file (`io.BytesIO` for bytes that were uploaded).

    Returns:
        uint8 [h, w, 3] RGB in [0, 255], writable.

    Raises:
        PictureError: no such file, a folder, zero bytes, not a picture, cut short, or more pixels than Pillow's
            `Image.MAX_IMAGE_PIXELS` (about 89 million); nothing is decoded in the last case.
    """
    if hasattr(source, "read"):
        return _read(source, name="the picture")
    name = os.fspath(source)
    try:
        # Looked at before it is opened: opening a named pipe would wait for a writer.
        if not stat.S_ISREG(os.stat(name).st_mode):
            kind = "a folder" if os.path.isdir(name) else "not a file"
            raise PictureError(f"{name} is {kind}; give the path of one picture ({ACCEPTED})")
        with open(name, "rb") as file:
            return _read(file, name)
    except FileNotFoundError:
        raise PictureError(f"{name}: no such file; check the path") from None
    except (OSError, ValueError) as error:
        if isinstance(error, PictureError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise PictureError(f"{name!r} cannot be opened: {reason}") from None


def cat() -> np.ndarray:
    """The photograph that runs through the course: a cat, 300 × 451, CC0, shipped with scikit-image.

    Returns:
        uint8 [300, 451, 3] RGB in [0, 255].
    """
    return photograph("chelsea")


def photograph(name: str) -> np.ndarray:
    """A photograph that is shipped with scikit-image, such as "chelsea", "coffee" or "moon".

    `skimage.data` has them too, but finds no reader for them where the name of a folder above it holds a "[".

    Args:
        name: of the function in `skimage.data`.

    Returns:
        uint8 [h, w, 3] RGB in [0, 255].

    Raises:
        PictureError: none of that name is shipped.
    """
    from skimage import data

    return open_picture(Path(data.__file__).with_name(f"{name}.png"))


def square(picture: np.ndarray, size: int) -> np.ndarray:
    """The central square of a picture, scaled without aliasing (Lanczos).

    Args:
        picture: uint8 [h, w, 3] RGB in [0, 255], of any size.
        size: side of the result in pixels, at least 1.

    Returns:
        uint8 [size, size, 3] RGB in [0, 255].

    Raises:
        ValueError: `picture` is not uint8 [h, w, 3], or `size` is less than 1.
    """
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
    start = file.read(16)
    file.seek(0)
    if not start:
        raise PictureError(f"{name} is empty (zero bytes); it was probably not saved or downloaded whole")
    try:
        with warnings.catch_warnings():
            # Between its limit and twice its limit Pillow only warns of a bomb: here that is an error. What else it
            # warns of (damaged notes in the file) would only be noise in a lesson.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=FORMATS) as image:
                image.load()
                return np.array(_to_rgb(_upright(image)))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        limit = f"{Image.MAX_IMAGE_PIXELS / 1e6:.0f} million"
        raise PictureError(f"{name} has more than the {limit} pixels that are read here; scale it down") from None
    except UnidentifiedImageError:
        if _begins_as_a_picture(start):
            raise PictureError(f"{name} is cut short or damaged; save or download it again") from None
        raise PictureError(f"{name} is not a picture that can be read here ({ACCEPTED}); convert it first") from None
    except MemoryError:
        raise PictureError(f"{name} does not fit into memory; scale it down") from None
    except Exception as error:
        # Pillow's decoders meet damaged data with OSError, SyntaxError, ValueError, EOFError, struct.error and others.
        reason = " ".join(str(error).split())
        raise PictureError(f"{name} is cut short or damaged ({reason}); save or download it again") from None


def _begins_as_a_picture(start: bytes) -> bool:
    webp = start.startswith(b"RIFF") and b"WEBP".startswith(start[8:12])
    return webp or start.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8"))


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        # Damaged notes beside the picture are no reason to refuse the picture.
        return image


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # 16-bit grey: Pillow's own conversion clips at 255 instead of scaling.
        return Image.fromarray((np.asarray(image, np.uint32) // 257).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("RGB")
    return image.convert("RGB")
