"""What each task finds in a picture: one function a task, each of which returns a `Section`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vistext.data import images
from vistext.data.cifar10 import CLASSES
from vistext.display import overlays
from vistext.display.overlays import describe_location, place
from vistext.display.tour.section import Figure, Section, percent
from vistext.scenes import Scene, course_scene, draw, language, ontology
from vistext.scenes.language.lexicon import with_article

TAGGER_SIDE = 32  # pixels: the side of what the tagger is given
PAGE_SIDE = 480  # pixels: the side at which the page shows the same part of the picture
EXAMPLE = "A cat is sitting on the floor."  # the course's own caption of its own picture
MORE_QUESTIONS = 4  # after the first: one of a kind, of those kinds that come first here
QUESTION_KINDS = ("who is left of", "compare", "which colour", "how many", "what is it doing", "is there")
SAMPLES, TRIES = 4, 12  # sampled captions that are shown, and how many are drawn: some twice, some do not pass
SURE = 0.5  # the tagger is calibrated: below this its first tag is more likely wrong than right


@dataclass(frozen=True, eq=False)
class SceneInput:
    """A scene as every network is given it: drawn once, encoded once."""

    scene: Scene

    @cached_property
    def drawing(self):
        return draw(self.scene)

    @property
    def pictures(self) -> np.ndarray:
        """A batch of the one picture: uint8 [1, 64, 64, 3]."""
        return self.drawing.picture[np.newaxis]

    @cached_property
    def features(self) -> np.ndarray:
        """What the image encoder of lessons 05 to 08 makes of it: float32 [1, 64, c]."""
        from vistext.tasks.captioning import model

        return model.encode_images(model.load_image_encoder(), self.pictures)


def tags(picture: np.ndarray) -> Section:
    """What is in a photograph, uint8 [h, w, 3]: the tagger's answer."""
    from vistext.metrics import grad_cam
    from vistext.tasks.classification import model

    tagger = model.load()
    probabilities = model.tag(tagger, picture)
    reduced = images.center_crop(picture, TAGGER_SIDE)
    heat = grad_cam.grad_cam(tagger, reduced, CLASSES.index(next(iter(probabilities))))
    return tags_section(probabilities, reduced, images.center_crop(picture, PAGE_SIDE), heat)


def tags_section(probabilities: dict[str, float], reduced: np.ndarray, shown: np.ndarray, heat: np.ndarray) -> Section:
    """The section of tags, of the network's input, [32, 32, 3], the same larger, and its Grad-CAM, [h, w]."""
    from vistext.metrics.grad_cam import overlay_heatmap

    chosen, text = with_article(next(iter(probabilities))), sentence(probabilities)
    return Section(
        title="What is in it?",
        sentence=text,
        facts={"tags": list(probabilities), "probabilities": dict(probabilities), "sentence": text},
        layout="bars",
        columns=("tag", "probability"),
        rows=tuple(probabilities.items()),
        caption="The probability of each tag, as the network predicts it",
        note=f"The network knows these {len(probabilities)} words and no others, and must choose among them, whatever"
        " the picture shows.",
        figures=(
            Figure(
                reduced,
                f"The middle of the picture, reduced to {TAGGER_SIDE} by {TAGGER_SIDE} coarse pixels",
                f"The input of the network: the middle square, {TAGGER_SIDE} × {TAGGER_SIDE} pixels.",
                "pixels",
            ),
            Figure(
                overlay_heatmap(shown, heat),
                f"The middle of the picture in gray, under red where it supports {chosen}, {describe_location(heat)}",
                f"Where the evidence for {chosen} is: the redder, the more (Grad-CAM).",
            ),
        ),
    )


def boxes(given: SceneInput) -> Section:
    """Where the objects of a scene are: the detector's answer."""
    from vistext.tasks.detection import model

    [found] = model.detect(model.load(), given.pictures)
    return boxes_section(given, found)


def boxes_section(given: SceneInput, found) -> Section:
    """The section of boxes; `found` are the detector's `Detections`."""
    picture, drawing = given.drawing.picture, given.drawing
    kinds = [ontology.KINDS[kind] for kind in found.kinds]
    detected = list(zip(kinds, found.scores.tolist(), found.boxes.tolist(), strict=True))
    centers = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2 / len(picture)  # (objects, 2), x and y
    objects = [f"{with_article(kind)} {place(*center)}" for kind, center in zip(kinds, centers.tolist(), strict=True)]
    notes = [percent(score) for _, score, _ in detected]
    sides = ("left", "top", "right", "bottom")
    return Section(
        title="Where is it?",
        sentence=f"The drawing shows {listed(objects)}." if objects else "The network detects no object.",
        facts={
            "boxes": [
                {"kind": kind, "score": score, **dict(zip(sides, box, strict=True))} for kind, score, box in detected
            ]
        },
        columns=("object", "score", *sides),
        rows=tuple((kind, score, *(f"{edge:.1f}" for edge in box)) for kind, score, box in detected),
        figures=(
            Figure(
                overlays.draw_boxes(picture, found.boxes, found.kinds, notes, PAGE_SIDE),
                f"The drawing with a box around each object that was detected: {listed(objects) or 'none'}",
                "What the network detects, with its scores.",
            ),
            Figure(
                overlays.draw_boxes(picture, drawing.boxes, drawing.kinds, side=PAGE_SIDE),
                "The same with a box around each object that was drawn",
                "What was drawn: the truth, which the network is not given.",
            ),
        ),
    )


def masks(given: SceneInput) -> Section:
    """Which pixels of a scene belong to which kind of object: the segmenter's answer."""
    from vistext.tasks.detection import segmenter

    return masks_section(given, segmenter.segment(segmenter.load(), given.pictures)[0])


def masks_section(given: SceneInput, classes: np.ndarray) -> Section:
    """The section of masks; `classes` uint8 [64, 64]: 0 background, k + 1 kind k."""
    counts = np.bincount(classes.ravel(), minlength=len(ontology.KINDS) + 1)[1:] / classes.size
    order = [kind for kind in np.argsort(-counts, kind="stable") if counts[kind]]
    shares = {ontology.KINDS[kind]: float(counts[kind]) for kind in order}
    picture, true_classes = given.drawing.picture, given.drawing.classes
    right = float(np.mean(classes == true_classes))
    parts = listed([f"{percent(share)} is {name}" for name, share in shares.items()])
    return Section(
        title="Which pixels are it?",
        sentence=f"Of the drawing {parts}; the rest is background." if shares else "All of it is background.",
        facts={"masks": shares, "pixels_right": right},
        remarks=(f"{percent(right)} of the pixels are assigned to what was drawn there.",),
        figures=(
            Figure(
                overlays.draw_masks(picture, classes, PAGE_SIDE),
                f"The drawing in pale gray, with the pixels in color that were assigned to: {listed(list(shares))}",
                f"The class of each pixel, as the network predicts it; {percent(right)} of them are right.",
            ),
            Figure(
                overlays.draw_masks(picture, true_classes, PAGE_SIDE),
                "The same, with the pixels that were drawn as each object",
                "What was drawn.",
            ),
        ),
    )


@dataclass(frozen=True)
class Statement:
    """A sentence that a network generated about a scene, and whether it is true of it."""

    label: str  # what it is: "title", say, or the question that it answers
    text: str
    score: float  # a probability
    why_not: str  # why it is not true; empty when it is
    expected: str = ""  # the right answer, if it is an answer

    def facts(self, text: str, score: str) -> dict:
        """For JSON, with names for its text and its score."""
        return {text: self.text, score: self.score, "true": not self.why_not, "why_not": self.why_not}

    @property
    def remark(self) -> str:
        """What is wrong with it, and what would be right; empty when nothing is."""
        if self.text == self.expected or not (self.why_not or self.expected):
            return ""
        wrong = f"“{self.text}” is {f'false: {self.why_not}' if self.why_not else 'true'}."
        return f"{wrong} Expected was: “{self.expected}”" if self.expected else wrong


def _evaluated(scene: Scene, label: str, text: str, score: float, expected: str = "") -> Statement:
    return Statement(label, text, float(score), language.evaluate(text, scene).why, expected)


def _statements_section(statements: Sequence[Statement], **settings) -> Section:
    """A section whose rows are statements; the rest as for `Section`."""
    return Section(
        rows=tuple((each.label, each.text, each.score, "false" if each.why_not else "true") for each in statements),
        remarks=tuple(each.remark for each in statements if each.remark),
        **settings,
    )


def captions(given: SceneInput) -> Section:
    """Captions of a scene, from the captioner: of those that are sampled, some that the discriminator lets pass."""
    from vistext.tasks.captioning import model

    captioner, discriminator = model.load(), model.load_discriminator()
    *best, sampled = generate_captions(captioner, given.features)
    samples = [text for text in dict.fromkeys(sampled) if text not in best[model.LENGTHS.index("description")]]
    texts = [*zip(model.LENGTHS, best, strict=True), *(("another", text) for text in samples)]
    if given.scene == course_scene():
        texts.append(("the course's own", EXAMPLE))
    features = np.repeat(given.features, len(texts), axis=0)
    scores = discriminator.score_features(features, [text for _, text in texts])
    statements = [_evaluated(given.scene, *text, score) for text, score in zip(texts, scores, strict=True)]
    first, last = len(best), len(best) + len(samples)
    passed = [statements[first + index] for index in model.passing(scores[first:last], SAMPLES)]
    return captions_section([*statements[:first], *passed, *statements[last:]])


def generate_captions(captioner, features: np.ndarray) -> tuple:
    """The most probable caption of each length, in the order of `LENGTHS`, then a list of sampled descriptions.

    All are generated in one batch, which takes as long as the longest alone.
    """
    from vistext.data.vocabulary import PAD
    from vistext.nn import decoding
    from vistext.tasks.captioning.model import LENGTHS, MAX_LENGTH

    lengths = [*LENGTHS, *["description"] * TRIES]
    limits = np.array([MAX_LENGTH[length] for length in lengths])
    z = np.zeros((len(lengths), max(limits)), "float32")  # 0 takes the most probable token
    z[len(LENGTHS) :, : limits[-1]] = decoding.sample_noise(TRIES, limits[-1], 0)
    inputs = np.repeat(features, len(lengths), axis=0), np.array(list(map(LENGTHS.index, lengths)), "int32")
    ids = decoding.generate(captioner.decoder, inputs, max_length=max(limits), noise=z).ids
    texts = captioner.vocabulary.decode(np.where(np.arange(ids.shape[1]) <= limits[:, np.newaxis], ids, PAD))
    return *texts[: len(LENGTHS)], texts[len(LENGTHS) :]


def captions_section(statements: Sequence[Statement]) -> Section:
    """The section of captions; one of them is labeled "description"."""
    return _statements_section(
        statements,
        title="What would one say about it?",
        sentence=next(statement.text for statement in statements if statement.label == "description"),
        facts={"descriptions": [{"what": each.label} | each.facts("text", "score") for each in statements]},
        layout="sentences",
        columns=("", "text", "match", "true?"),
        caption="Captions, the discriminator's probability that each matches the picture, and whether it is true",
        note="Title, description and story are the most probable ones, token by token; the others are sampled, and"
        " passed the discriminator. What is true is known from the scene, of which both networks are given the picture"
        " only. They know drawings, and no photographs.",
    )


def answers(given: SceneInput) -> Section:
    """QG-Net's answers: to the first question there is, then to the last of each of several kinds.

    About the course's own scene, the first is the one that the course asks: "What is the cat sitting on?"
    """
    from vistext.tasks.vqa import model

    first, *others = language.all_questions(given.scene)
    last = {question.kind: question for question in others}
    questions = [first, *[last[kind] for kind in QUESTION_KINDS if kind in last][:MORE_QUESTIONS]]
    network = model.load()
    features = np.repeat(given.features, len(questions), axis=0)
    generated = network.generate(features, [question.question for question in questions])
    texts = network.vocabulary.decode(generated.ids)
    probabilities = np.exp(generated.log_probabilities.sum(axis=1))
    return answers_section(
        [
            _evaluated(given.scene, question.question, text, probability, question.answer)
            for question, text, probability in zip(questions, texts, probabilities, strict=True)
        ]
    )


def answers_section(statements: Sequence[Statement]) -> Section:
    """The section of answers; the label of each is its question."""
    return _statements_section(
        statements,
        title="What would it answer?",
        sentence=f"{statements[0].label} {statements[0].text}",
        facts={
            "answers": [
                {"question": each.label} | each.facts("answer", "probability") | {"expected": each.expected}
                for each in statements
            ]
        },
        layout="questions",
        columns=("question", "answer", "sure", "true?"),
        caption="Questions, the network's answers, their probabilities, and whether they are true",
        note="The network is given the question and the picture, and generates the answer token by token, each time the"
        " most probable one. It knows what can be asked about drawings, and no photographs.",
    )


def frames(given: SceneInput) -> Section:
    """Who does what in a scene, where and in which direction: the frames that the SRL network predicts."""
    from vistext.tasks.srl import model

    network = model.load()
    [found] = network.frames_of_features(given.features, network.generate(given.pictures, given.features))
    return frames_section(given, found)


def frames_section(given: SceneInput, found: Sequence) -> Section:
    """The section of semantic roles; `found` are `PredictedFrame`s, the most prominent object's first."""
    statements = [
        _evaluated(given.scene, linearized(frame), language.render_frame(frame.verb, frame.roles), frame.probability)
        for frame in found
    ]
    predicted = listed([each.label for each in statements])
    return _statements_section(
        statements,
        title="Who does what?",
        sentence=statements[0].text,
        facts={
            "frames": [
                {"verb": frame.verb, "roles": dict(frame.roles)} | each.facts("sentence", "probability")
                for frame, each in zip(found, statements, strict=True)
            ]
        },
        layout="questions",
        columns=("frame", "as a sentence", "sure", "true?"),
        caption="Each verb with its roles, the most prominent object first; the same as a sentence, and whether it is"
        " true",
        note="The verb decides which roles there are: what runs has a direction, what sits has none. The network"
        " predicts the frame; the sentence is made of it by a rule.",
        figures=(
            Figure(
                overlays.draw_frames(given.drawing.picture, found, PAGE_SIDE),
                f"The drawing with a box around each object, and its verb: {predicted}",
                "Where the network locates the objects of its frames.",
            ),
        ),
    )


def linearized(frame) -> str:
    """ "sit (agent: cat, place: floor)" """
    return f"{frame.verb} ({', '.join(f'{role}: {value}' for role, value in frame.roles)})"


def sentence(probabilities: dict[str, float]) -> str:
    """The sentence that a caption would begin with: how tags become text.

    Args:
        probabilities: at least two tags → probability, most likely first.

    >>> sentence({"cat": 0.92, "dog": 0.08})
    'The picture most likely shows a cat (92 %).'
    >>> sentence({"cat": 0.4, "automobile": 0.3, "dog": 0.3})
    'The network is unsure: perhaps a cat (40 %), perhaps an automobile (30 %).'
    """
    (first, probability), (second, next_probability) = list(probabilities.items())[:2]
    if probability >= SURE:
        return f"The picture most likely shows {with_article(first)} ({percent(probability)})."
    return (
        f"The network is unsure: perhaps {with_article(first)} ({percent(probability)}), "
        f"perhaps {with_article(second)} ({percent(next_probability)})."
    )


def listed(words: Sequence[str]) -> str:
    """Words as a sentence lists them.

    >>> listed(["a cat", "a dog", "a frog"])
    'a cat, a dog and a frog'
    """
    *others, last = words or [""]
    return f"{', '.join(others)} and {last}" if others else last
