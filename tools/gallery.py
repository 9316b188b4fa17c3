"""The drawn world on one page, to be checked by eye: pictures, boxes, masks, sentences, questions and frames.

The page needs nothing but itself: pictures are inside it, and there are no scripts.
"""

import argparse
import os
import sys
from collections.abc import Iterable
from html import escape
from itertools import islice
from pathlib import Path

import numpy as np

from vistext.display.tour.page import image, save
from vistext.display.tour.sections import linearized
from vistext.scenes import language, ontology
from vistext.scenes.drawing import Drawing, draw, draw_many
from vistext.scenes.sampling import sample
from vistext.scenes.scene import Scene

FILE_NAME = "gallery.html"
LARGE = 256  # pixels, of the picture beside the small one
# Told apart by the color-blind, and by lightness (Okabe and Ito, "Color Universal Design", 2008).
COLORS = ("#e69f00", "#56b4e9", "#009e73", "#cc79a7")
STYLE = """
:root { color-scheme: light dark; --ground: #f7f5f0; --card: #fffefb; --line: #e2ddd2; --ink: #23282d;
  --soft: #5a616a; }
@media (prefers-color-scheme: dark) { :root { --ground: #15181b; --card: #1d2125; --line: #30363b; --ink: #e9e6df;
  --soft: #a9b0b7; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 84rem; padding: 2rem 1rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-weight: 500; margin: 0; }
main { display: grid; gap: 1.25rem; grid-template-columns: repeat(auto-fill, minmax(min(25rem, 100%), 1fr)); }
article { padding: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; }
h2 { margin: .75rem 0 .25rem; font-size: 1.1rem; font-weight: 600; }
.pictures { display: grid; grid-template-columns: 1fr 1fr; gap: .5rem; }
figure { margin: 0; position: relative; }
figure > img, figure > svg { display: block; width: 100%; height: auto; border-radius: .4rem; }
figure > svg { position: absolute; top: 0; left: 0; aspect-ratio: 1; }
.pixels { image-rendering: pixelated; }
figcaption, .soft { color: var(--soft); font-size: .875rem; }
ul, dl { margin: .25rem 0; padding-left: 1.1rem; }
dl { padding: 0; } dt { font-weight: 600; margin-top: .4rem; } dd { margin: 0; }
details { margin-top: .5rem; } summary { cursor: pointer; font-weight: 600; }
.swatch { display: inline-block; width: .8em; height: .8em; border-radius: .2em; }
.controls { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; margin: 1rem 0; }
body:has(#no-boxes:checked) figure > svg { display: none; }
"""


def write(path: str | os.PathLike, n: int = 24, seed: int = 0, split: str = "train") -> Path:
    """Write a page of `n` scenes, as `sample` draws them, and return its path; its folder is made if need be.

    Raises:
        ValueError: as `sample`.
        OSError: the page cannot be written; what stood there before still does.
    """
    scenes = sample(n, seed, split)
    small = draw_many(scenes)
    articles = (_article(number, scene, small[number]) for number, scene in enumerate(scenes))
    html = _page(articles, f"{n} scenes of the split {split!r}, seed {seed}")
    return save(html, Path(path).parent, Path(path).name)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `python -m tools gallery`."""
    parser.add_argument(
        "--out", metavar="FOLDER", type=Path, default=Path("out"), help=f"where {FILE_NAME} goes (default: %(default)s)"
    )
    parser.add_argument("--n", metavar="NUMBER", type=_count, default=24, help="how many scenes (default: %(default)s)")
    parser.add_argument("--seed", metavar="NUMBER", type=_count, default=0, help="which scenes (default: %(default)s)")
    parser.add_argument(
        "--split", choices=ontology.SPLITS, default="train", help="of which split (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the gallery as the options say, and say where it is; the exit code is 2 when it cannot be written."""
    try:
        path = write(arguments.out / FILE_NAME, arguments.n, arguments.seed, arguments.split)
    except OSError as error:
        reason = error.strerror or error
        print(f"vistext: cannot write in {arguments.out}: {reason}; choose another folder with --out", file=sys.stderr)
        return 2
    print(f"The page: {path}")
    return 0


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 0")
    return number


def _page(articles: Iterable[str], about: str) -> str:
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>The drawn world · vistext</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>The drawn world</h1>
<p class="soft">{escape(about)}. Each picture is as the networks see it, 64 × 64 pixels, and once more in large.</p>
<p class="controls"><label><input type="checkbox" id="no-boxes"> hide boxes</label></p>
</header>
<main>
{chr(10).join(articles)}
</main>
</body>
</html>
"""


def _article(number: int, scene: Scene, small: Drawing) -> str:
    rng = np.random.default_rng(number)
    title = language.describe(scene, "title", rng)
    large = draw(scene, LARGE).picture
    objects = "".join(
        f'<li><span class="swatch" style="background:{COLORS[index]}"></span> {escape(", ".join(obj.words))}</li>'
        for index, obj in enumerate(scene.objects)
    )
    asked = [language.all_questions(scene, kind) for kind in language.QUESTION_KINDS]
    chosen = [same[rng.integers(len(same))] for same in asked if same]
    questions = "".join(f"<dt>{escape(one.question)}</dt><dd>{escape(one.answer)}</dd>" for one in chosen)
    return f"""<article id="scene-{number}">
<div class="pictures">
<figure>{image(small.picture, title, "pixels")}{_boxes(scene, small)}
<figcaption>picture and boxes</figcaption></figure>
<figure>{image(_colored(small), f"masks: {title}", "pixels")}<figcaption>masks</figcaption></figure>
<figure>{image(large, f"{title}, large")}<figcaption>large</figcaption></figure>
<div><p class="soft">{escape(scene.setting)}, {escape(scene.time)}</p><ul class="soft">{objects}</ul></div>
</div>
<h2>{escape(title)}</h2>
<p>{escape(language.describe(scene, "story", rng))}</p>
<details><summary>Questions</summary><dl>{questions}</dl></details>
<details><summary>More sentences</summary>{_list(islice(language.descriptions(scene, "description"), 12))}</details>
<details><summary>Frames</summary>{_list(linearized(frame) for frame in language.frames(scene))}</details>
<details><summary>Relations</summary>{_list(_relations(scene))}</details>
</article>"""


def _relations(scene: Scene) -> list[str]:
    objects = [f"the {obj.color} {obj.kind}" for obj in scene.objects]
    return [f"{objects[one.subject]} is {one.name} {objects[one.object]}" for one in scene.relations]


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def _boxes(scene: Scene, drawing: Drawing) -> str:
    side = len(drawing.picture)
    shapes = "".join(
        f'<rect x="{left}" y="{top}" width="{right - left}" height="{bottom - top}" fill="none" '
        f'stroke="{COLORS[index]}" stroke-width="0.8"><title>{escape(scene.objects[index].kind)}</title></rect>'
        for index, (left, top, right, bottom) in enumerate(drawing.boxes.tolist())
    )
    return f'<svg viewBox="0 0 {side} {side}" aria-hidden="true">{shapes}</svg>'


def _colored(drawing: Drawing) -> np.ndarray:
    colors = np.array([[46, 50, 56], *([int(one[k : k + 2], 16) for k in (1, 3, 5)] for one in COLORS)], np.uint8)
    return colors[drawing.instances]
