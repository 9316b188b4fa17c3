"""`python -m tools weights segmenter`: make the shipped weights of lesson 02's segmenter again, and their card.

A quarter of an hour on 2 cores that compute in bfloat16, and twice that on others. It can be stopped at any time and
run again: it goes on from its last checkpoint.
"""

from tools.weights import detector, runner
from vistext.tasks import detection

RECIPE = detection.train.Recipe(detection.segmenter.SegmenterConfig(), steps=3600)


def train(job: runner.Job) -> str:
    """Train, measure, save."""
    return detector.make(job, detection.train.SEGMENTATION, RECIPE)


NETWORK = runner.Network("segmenter", train)
add_arguments, run = NETWORK.add_arguments, NETWORK.run
