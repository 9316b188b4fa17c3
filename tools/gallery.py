"""`python -m tools gallery`: the drawn world on one page, to be checked by eye, and all that is true of each scene."""

import argparse
import sys
from itertools import islice
from pathlib import Path

import numpy as np

from vistext.cli import whole_number
from vistext.display import overlays
from vistext.display.tour.page import document, save
from vistext.display.tour.section import Figure, Section
from vistext.display.tour.sections import linearized
from vistext.scenes import draw, language, ontology, sample
from vistext.scenes.scene import Scene

FILE_NAME = "gallery.html"
LARGE = 256  # pixels, of the picture beside the small one
DESCRIPTIONS = 12  # of those that are listed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add = parser.add_argument
    add("--out", metavar="FOLDER", type=Path, default=Path("out"), help=f"where {FILE_NAME} goes (default: out)")
    add("--n", metavar="NUMBER", type=whole_number, default=24, help="how many scenes (default: %(default)s)")
    add("--seed", metavar="NUMBER", type=whole_number, default=0, help="which scenes (default: %(default)s)")
    add("--split", choices=ontology.SPLITS, default="train", help="of which split (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Write the page and say where it is; the exit code."""
    scenes = sample(arguments.n, arguments.seed, arguments.split)
    html = document(
        title="The drawn world",
        heroes=(),
        sections=[_section(number, scene) for number, scene in enumerate(scenes)],
        footer=f"{arguments.n} scenes of the split {arguments.split!r}, seed {arguments.seed}",
    )
    try:
        path = save(html, arguments.out, FILE_NAME)
    except OSError as error:
        reason = error.strerror or error
        print(f"vistext: cannot write in {arguments.out}: {reason}; choose another folder with --out", file=sys.stderr)
        return 2
    print(f"The page: {path}")
    return 0


def _section(number: int, scene: Scene) -> Section:
    """A scene's pictures, boxes and masks; a story, a question of each kind, sentences, frames and relations."""
    rng = np.random.default_rng(number)
    title, story = (language.describe(scene, length, rng) for length in ("title", "story"))
    asked = [language.all_questions(scene, kind) for kind in language.QUESTION_KINDS]
    chosen = [same[rng.integers(len(same))] for same in asked if same]
    objects = [f"the {obj.color} {obj.kind}" for obj in scene.objects]
    rows = [
        ("story", story),
        *((one.question, one.answer) for one in chosen),
        *(("description", text) for text in islice(language.descriptions(scene, "description"), DESCRIPTIONS)),
        *(("frame", linearized(frame)) for frame in language.frames(scene)),
        *(("relation", f"{objects[one.subject]} is {one.name} {objects[one.object]}") for one in scene.relations),
        *((obj.kind, ", ".join(obj.words)) for obj in scene.objects),
    ]
    small = draw(scene)
    kinds = [ontology.KINDS.index(obj.kind) for obj in scene.objects]
    pictures = {
        "as networks see it": small.picture,
        "boxes": overlays.draw_boxes(small.picture, small.boxes, kinds),
        "masks": overlays.draw_masks(small.picture, small.instances),
        "large": draw(scene, LARGE).picture,
    }
    return Section(
        title=f"Scene {number}: {scene.setting}, {scene.time}",
        sentence=title,
        facts={},
        layout="questions",
        columns=("what", "in words"),
        rows=tuple(rows),
        figures=tuple(Figure(picture, f"{title}: {name}", name, "pixels") for name, picture in pictures.items()),
    )
