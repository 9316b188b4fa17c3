"""Flickr8k in every layout in which copies lie about, and what is wrong with a copy is told."""

import io
import os
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from vistext.data import flickr8k
from vistext.data.flickr8k import DamagedDataError, DataNotFoundError

NAMES = [f"{number}_ab.jpg" for number in range(16)]
SPLITS = {"train": NAMES[:12], "dev": NAMES[12:14], "test": NAMES[14:]}


def jpeg(number):
    file = io.BytesIO()
    Image.fromarray(np.full((24, 32, 3), 10 * number, np.uint8)).save(file, "JPEG")
    return file.getvalue()


PICTURES = {name: jpeg(number) for number, name in enumerate(NAMES)}
CAPTION = "A dog , number {} , runs {} ."
LINES = [f"{name}#{turn}\t{CAPTION.format(number, turn)}" for number, name in enumerate(NAMES) for turn in range(5)]


def texts(end="\n"):
    lists = {f"Flickr_8k.{split}Images.txt": end.join(names) + end for split, names in SPLITS.items()}
    experts = f"{NAMES[14]}\t{NAMES[3]}#2\t1\t2\t4{end}not a line{end}{NAMES[14]}\tunknown.jpg#0\t1\t1\t1{end}"
    files = lists | {"Flickr8k.token.txt": end.join(LINES) + end, "ExpertAnnotations.txt": experts}
    return {name: text.encode() for name, text in files.items()}


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def packed(path, files, mode):
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def written(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def as_zips(place):
    inner = {f"Flicker8k_Dataset/{name}": content for name, content in PICTURES.items()}
    zipped(place / "Flickr8k_Dataset.zip", inner | {"__MACOSX/._0_ab.jpg": b"a note"})
    zipped(place / "Flickr8k_text.zip", texts())


def as_tars(place):
    packed(place / "flickr8k-160px.tar", {f"images/{name}": content for name, content in PICTURES.items()}, "w:")
    packed(place / "flickr8k-text.tar.gz", {f"t/{name}": text for name, text in texts("\r\n").items()}, "w:gz")


def as_folders(place):
    written(place / "Flickr8k" / "Flicker8k_Dataset", PICTURES)
    written(place / "Flickr8k" / "texts", texts("\r"))


def as_kaggle(place):
    rows = [f'{line.partition("#")[0]},"{line.partition(chr(9))[2]}"' for line in LINES]
    written(place, {"captions.txt": "\n".join(["image,caption", *rows]).encode()})
    written(place / "Images", PICTURES)


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("layout", [as_zips, as_tars, as_folders])
def test_official_copies_give_the_official_splits_captions_and_judgments(layout, place):
    layout(place)
    for _ in range(2):  # read, then from the cache
        data = flickr8k.load(place)
        assert [data.train.names, data.validation.names, data.test.names] == [tuple(one) for one in SPLITS.values()]
        assert data.validation.captions[1] == tuple(CAPTION.format(13, turn) for turn in range(5))
        assert data.test.picture(1).shape == (24, 32, 3)
        assert np.abs(data.test.picture(1).astype(int) - 150).max() <= 2
        assert data.judgments == (flickr8k.Judgment(NAMES[14], CAPTION.format(3, 2), (1, 2, 4)),)
        assert data.note == ""


def test_kaggles_copy_lacks_the_lists_and_gets_a_split_of_its_own_which_is_noted(place):
    as_kaggle(place)
    data = flickr8k.load(place)
    assert [len(data.train), len(data.validation), len(data.test)] == [12, 2, 2]
    assert sorted(data.train.names + data.validation.names + data.test.names) == sorted(NAMES)
    assert data.test.captions[0][0].startswith("A dog , number")
    assert "official" in data.note
    assert data.judgments == ()


def test_it_is_found_in_the_places_where_data_is_looked_for(place, monkeypatch):
    monkeypatch.setenv("VISTEXT_DATA", f"{place / 'nowhere'}{os.pathsep}{place}")
    assert flickr8k.find() == []
    as_zips(place)
    assert [path.name for path in flickr8k.find()] == ["Flickr8k_Dataset.zip", "Flickr8k_text.zip"]
    assert len(flickr8k.load().test) == 2


def test_missing_and_broken_pictures_are_named_and_left_out(place, capsys):
    as_folders(place)
    (place / "Flickr8k" / "Flicker8k_Dataset" / NAMES[0]).unlink()
    (place / "Flickr8k" / "Flicker8k_Dataset" / NAMES[1]).write_bytes(PICTURES[NAMES[1]][:200])
    data = flickr8k.load(place)
    assert data.train.names == tuple(NAMES[2:12])
    told = capsys.readouterr().err
    assert f"passed over: {NAMES[1]}" in told
    assert "without 2 pictures: 0_ab.jpg, 1_ab.jpg" in told


def test_a_copy_that_was_changed_is_read_again(place):
    as_folders(place)
    assert len(flickr8k.load(place).train) == 12
    (place / "Flickr8k" / "Flicker8k_Dataset" / NAMES[0]).unlink()
    assert len(flickr8k.load(place).train) == 11


def test_where_there_is_none_it_says_how_to_get_it(place):
    with pytest.raises(DataNotFoundError, match=r"Flickr8k_Dataset\.zip.*VISTEXT_DATA"):
        flickr8k.load(place)
    as_zips(place)
    (place / "Flickr8k_Dataset.zip").unlink()
    with pytest.raises(DataNotFoundError):
        flickr8k.load(place)


def test_a_copy_that_is_cut_short_is_damaged(place):
    as_tars(place)
    whole = (place / "flickr8k-160px.tar").read_bytes()
    (place / "flickr8k-160px.tar").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DamagedDataError, match="cut short"):
        flickr8k.load(place)
    assert not list((place.parent / "cache").rglob("manifest.json"))


def test_a_copy_without_captions_for_a_split_is_refused(place):
    as_folders(place)
    kept = [line for line in LINES if line.partition("#")[0] in SPLITS["train"]]
    (place / "Flickr8k" / "texts" / "Flickr8k.token.txt").write_text("\n".join(kept), encoding="utf-8")
    with pytest.raises(DamagedDataError, match="one of its splits"):
        flickr8k.load(place)
