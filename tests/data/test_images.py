"""Whatever a student drops in becomes uint8 RGB, or one line says why not."""

import io
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vistext.data import images
from vistext.data.images import PictureError, cat, center_crop, open_picture

pillow_heif.register_heif_opener()
FORMS = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "AVIF", "HEIF"]

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def two_colors(mode="RGB"):
    """A picture 4 wide and 2 high: the left half red, the right half blue."""
    pixels = np.zeros((2, 4, 3), np.uint8)
    pixels[:, :2], pixels[:, 2:] = RED, BLUE
    return Image.fromarray(pixels).convert(mode)


def saved(image, form, **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    file.seek(0)
    return file


def png(width, height, compressed_rows, *, chunks=b""):
    """A PNG written by hand: 8-bit gray, with whatever is given as its compressed rows."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunks + chunk(b"IDAT", compressed_rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("form", ["PNG", "GIF", "BMP"])
@pytest.mark.parametrize("mode", ["RGB", "P"])
def test_exact_formats_come_back_to_the_pixel_from_a_file_and_a_path_and_can_be_written_to(form, mode, tmp_path):
    path = tmp_path / f"Ünï code 猫.{form}"
    two_colors(mode).save(path)

    for source in (saved(two_colors(mode), form), path, str(path)):
        picture = open_picture(source)
        assert np.array_equal(picture, np.asarray(two_colors()))
        picture[0, 0] = 7
        assert picture[0, 0].tolist() == [7, 7, 7]


@pytest.mark.parametrize(
    ("form", "mode"),
    [(form, "RGB") for form in FORMS] + [("JPEG", "CMYK"), ("PNG", "RGBA"), ("AVIF", "RGBA"), ("HEIF", "RGBA")],
)
def test_a_red_picture_is_red_in_every_format(form, mode):
    picture = open_picture(saved(Image.new("RGB", (16, 16), RED).convert(mode), form))

    assert (picture.shape, picture.dtype) == ((16, 16, 3), np.uint8)
    assert np.abs(picture.astype(int) - RED).max() <= 5


def test_an_avif_that_calls_itself_by_the_name_of_the_family_is_read():
    content = saved(Image.new("RGB", (16, 16), RED), "AVIF").getvalue()

    assert open_picture(io.BytesIO(content[:8] + b"mif1" + content[12:])).shape == (16, 16, 3)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "16 bits"])
def test_gray_becomes_three_equal_channels_scaled_not_clipped(mode):
    levels = np.array([[0, 257 * (0 if mode == "1" else 100), 65535]], np.uint16)
    gray = Image.fromarray(levels) if mode == "16 bits" else Image.fromarray((levels // 257).astype(np.uint8))
    picture = open_picture(saved(gray if mode == "16 bits" else gray.convert(mode), "PNG"))

    assert np.array_equal(picture, np.repeat(levels[..., None] // 257, 3, axis=2))


def test_transparency_is_laid_on_white():
    image = Image.new("RGBA", (3, 1), (255, 0, 0, 255))
    image.putpixel((1, 0), (0, 0, 0, 0))
    image.putpixel((2, 0), (0, 0, 0, 128))
    assert open_picture(saved(image, "PNG")).tolist() == [[list(RED), list(WHITE), [127] * 3]]

    palette = two_colors("P")
    picture = open_picture(saved(palette, "PNG", transparency=palette.getpixel((3, 0))))
    assert picture[0].tolist() == [list(RED)] * 2 + [list(WHITE)] * 2


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (1, lambda pixels: pixels),
        (2, lambda pixels: pixels[:, ::-1]),
        (3, lambda pixels: pixels[::-1, ::-1]),
        (5, lambda pixels: pixels.transpose(1, 0, 2)),
        (6, lambda pixels: np.rot90(pixels, -1)),
        (8, np.rot90),
    ],
)
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "AVIF", "HEIF"])
@pytest.mark.parametrize("large", [False, True])
def test_the_turn_that_a_camera_noted_is_carried_out_once(orientation, turn, form, large, monkeypatch):
    exif = Image.Exif()
    exif[0x0112] = orientation
    monkeypatch.setattr(images, "LARGE", 32 * 64)

    picture = open_picture(saved(quarters(*((64, 128) if large else (32, 64))), form, exif=exif.tobytes()))

    assert same_quarters(picture, turn(np.asarray(quarters(32, 64))))


def quarters(height, width, mode="RGB"):
    """A picture of four colors: red and green above blue and white."""
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[0, 0], pixels[0, 1], pixels[1, 0], pixels[1, 1] = RED, GREEN, BLUE, WHITE
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.NEAREST).convert(mode)


def same_quarters(picture, expected):
    """Whether two pictures are of one size and, in the middle of each quarter, of one color."""
    height, width = picture.shape[:2]
    middles = slice(height // 4, None, height // 2), slice(width // 4, None, width // 2)
    return (
        picture.shape == expected.shape
        and np.abs(picture[middles].astype(int) - expected[middles].astype(int)).max() < 30
    )


@pytest.mark.filterwarnings("error")
def test_damaged_notes_beside_a_picture_neither_refuse_it_nor_warn():
    file = saved(two_colors(), "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff not exif at all")

    assert np.array_equal(open_picture(file), np.asarray(two_colors()))


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_an_animation_gives_its_first_frame(form):
    frames = [Image.new("RGB", (8, 8), color) for color in (RED, GREEN, BLUE)]
    options = {"lossless": True} if form == "WEBP" else {}

    file = saved(frames[0], form, save_all=True, append_images=frames[1:], **options)

    assert Image.open(io.BytesIO(file.getvalue())).n_frames == 3
    assert np.array_equal(open_picture(file), np.full((8, 8, 3), RED))


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_photograph_of_12000_by_9000_is_reduced_and_takes_less_memory_than_it_has_bytes(form, tmp_path):
    Image.new("L" if form == "PNG" else "RGB", (12_000, 9_000), 200).save(tmp_path / "large", form, compress_level=1)
    code = (
        "import resource, sys; from vistext.data.images import open_picture\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "shape = open_picture(sys.argv[1]).shape\n"
        "print(*shape, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "large"], capture_output=True, text=True, check=True)
    *shape, mebibytes = map(int, done.stdout.split())

    assert shape == [4_500, 6_000, 3]
    assert sys.platform != "linux" or mebibytes < 1.2 * 12_000 * 9_000 * 3 / 2**20  # of twice that in full: RGBA, RGB


@pytest.mark.parametrize(("form", "mode"), [(form, "RGB") for form in FORMS] + [("PNG", "P"), ("JPEG", "CMYK")])
@pytest.mark.parametrize("size", [(64, 96), (96, 64), (61, 97)])
def test_what_is_large_is_reduced_in_every_format(form, mode, size, monkeypatch):
    monkeypatch.setattr(images, "LARGE", 32 * 48)
    monkeypatch.setattr(images, "STRIP", 500)

    picture = open_picture(saved(quarters(*size, mode), form))

    assert picture.shape[0] * picture.shape[1] <= 32 * 48
    assert same_quarters(picture, np.asarray(quarters(*((side + 1) // 2 for side in size))))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_what_is_large_is_the_same_in_every_mode(mode, monkeypatch):
    gray = np.tile(np.repeat([0, 255], 32).astype(np.uint8), (64, 1))
    image = Image.fromarray(gray.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(gray).convert(mode)
    monkeypatch.setattr(images, "LARGE", 32 * 32)
    monkeypatch.setattr(images, "STRIP", 300)

    assert np.array_equal(open_picture(saved(image, "PNG"))[..., 0], gray[::2, ::2])


def of_claimed_size(form, side):
    """A small picture whose header says that it is `side` pixels wide and high."""
    small, wanted = saved(Image.new("RGB", (64, 64), RED), form, **({"lossless": True} if form == "WEBP" else {})), None
    content = bytearray(small.getvalue())
    if form == "JPEG":
        at, wanted = content.index(b"\xff\xc0") + 5, struct.pack(">HH", side, side)
    elif form == "WEBP":  # 14 bits each, less one, after a signature
        at, wanted = content.index(b"VP8L") + 9, struct.pack("<I", (side - 1) | (side - 1) << 14)
    elif form == "BMP":
        at, wanted = 18, struct.pack("<ii", side, side)
    else:
        at, wanted = content.index(b"ispe") + 8, struct.pack(">II", side, side)
    content[at : at + len(wanted)] = wanted
    return bytes(content)


@pytest.mark.parametrize(
    ("form", "side", "most"),
    [
        *(("PNG", side, 268) for side in (16_385, 20_000, 100_000)),
        *(("JPEG", 65_500, 268), ("BMP", 20_000, 268)),
        *(("WEBP", 16_384, 134), ("AVIF", 12_000, 134), ("HEIF", 12_000, 134)),
    ],
)
def test_a_bomb_is_refused_before_it_is_decoded(form, side, most):
    before = Image.MAX_IMAGE_PIXELS
    undecodable = png(side, side, b"were this decoded, the message would say: damaged")
    content = undecodable if form == "PNG" else of_claimed_size(form, side)

    with pytest.raises(
        PictureError, match=rf"more than the {most} million pixels that are read here \({form}\); scale it down"
    ):
        open_picture(io.BytesIO(content))
    assert before == Image.MAX_IMAGE_PIXELS  # which is the program's own


@pytest.mark.parametrize(
    ("form", "brand", "message"),
    [
        *(("HEIF", brand, "a HEIC photograph: .* pip install pillow-heif") for brand in (b"heic", b"heix", b"mif1")),
        ("AVIF", b"avif", r'is an AVIF, .* pip install --upgrade "pillow>=11.3"'),
    ],
)
def test_without_its_reader_a_photograph_is_named_with_what_to_install(form, brand, message, monkeypatch):
    content = saved(two_colors(), form).getvalue()
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.setattr(images.features, "check", lambda feature: feature != "avif")

    with pytest.raises(PictureError, match=message):
        open_picture(io.BytesIO(content[:8] + brand + content[12:]))


def test_the_reader_of_heic_is_loaded_only_where_it_is_needed():
    code = "import sys; from vistext.data import images; print('pillow_heif' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_text_that_unpacks_to_a_gigabyte_is_refused():
    body = b"Comment\0\0" + zlib.compress(b"a" * 100_000_000, 9)
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))

    with pytest.raises(PictureError):
        open_picture(io.BytesIO(png(1, 1, zlib.compress(b"\0\0"), chunks=chunk)))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dog.png", r"dog\.png: no such file"),
        ("folder", "is a folder"),
        ("empty", "is empty"),
        ("pipe", "is not a file"),  # and it does not wait for a writer
    ],
)
def test_a_path_without_a_picture_is_named(tmp_path, name, message):
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").touch()
    if name == "pipe":
        getattr(os, "mkfifo", lambda _: pytest.skip("no named pipes here"))(tmp_path / "pipe")

    with pytest.raises(PictureError, match=message):
        open_picture(tmp_path / name)


@pytest.mark.parametrize(
    "content", [b"x", b"Dear Sir or Madam, ...", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"RIFF\0\0\0\0WAVEfmt "]
)
def test_what_is_no_picture_is_refused_as_such(content):
    with pytest.raises(PictureError, match="not a picture that can be read here"):
        open_picture(io.BytesIO(content))


@pytest.mark.parametrize("form", [form for form in FORMS if form != "BMP"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_a_picture_cut_short_is_said_to_be_cut_short(form, share):
    whole = saved(Image.fromarray(cat()), form).getvalue()

    with pytest.raises(PictureError, match="cut short or damaged"):
        open_picture(io.BytesIO(whole[: int(share * len(whole))]))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(FORMS), st.data())
def test_damage_anywhere_gives_a_picture_or_a_one_line_error(form, data):
    damaged = bytearray(saved(two_colors(), form).getvalue())
    for _ in range(3):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))

    try:
        outcome = open_picture(io.BytesIO(damaged))
    except PictureError as error:
        outcome = str(error)

    if isinstance(outcome, str):
        assert outcome.count("\n") == 0
    else:
        assert outcome.dtype == np.uint8
        assert outcome.shape[2:] == (3,)


def test_the_cat_is_the_photograph_of_scikit_image():
    picture = cat()

    assert picture.shape == (300, 451, 3)
    assert picture.dtype == np.uint8
    # The mean of the file as published, computed from its pixels.
    assert picture.mean(axis=(0, 1)) == pytest.approx([147.67, 111.44, 86.80], abs=0.01)


def test_a_square_is_the_middle_and_all_of_a_square_picture():
    picture = np.zeros((2, 6, 3), np.uint8)
    picture[:, 2:4] = 200

    assert np.array_equal(center_crop(picture, 2), np.full((2, 2, 3), 200))
    assert np.array_equal(center_crop(cat()[:100, :100], 100), cat()[:100, :100])


def test_a_square_does_not_alias():
    """A fine checkerboard scaled down is even gray; taking every n-th pixel would give stripes."""
    rows, columns = np.indices((256, 256))
    board = np.repeat(((rows + columns) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)

    small = center_crop(board, 20)

    assert abs(small.mean() - 127.5) < 2
    assert small.std() < 12


@pytest.mark.skipif(os.name == "nt", reason="links need a permission there")
def test_photographs_are_opened_wherever_scikit_image_is_installed(tmp_path):
    import skimage

    folder = tmp_path / "a [b] *?"
    folder.mkdir()
    (folder / "skimage").symlink_to(os.path.dirname(skimage.__file__), target_is_directory=True)
    code = (
        "import skimage; from vistext.data import images; assert '[b]' in skimage.__file__; "
        "print(images.cat().shape, images.photograph('coffee').shape, images.photograph('moon').shape)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), *sys.path[1:]])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "(300, 451, 3) (400, 600, 3) (512, 512, 3)\n", done.stderr


@pytest.mark.parametrize(
    ("picture", "size", "message"),
    [
        (np.zeros((4, 4), np.uint8), 32, r"a picture is uint8 \[h, w, 3\]"),
        (np.zeros((4, 4, 3)), 32, r"a picture is uint8 \[h, w, 3\]"),
        (np.zeros((0, 4, 3), np.uint8), 32, r"a picture is uint8 \[h, w, 3\]"),
        (np.zeros((4, 4, 3), np.uint8), 0, "at least 1 pixel"),
    ],
)
def test_a_square_of_something_else_or_of_nothing_is_refused(picture, size, message):
    with pytest.raises(ValueError, match=message):
        center_crop(picture, size)
