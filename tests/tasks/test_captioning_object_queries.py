"""Training object queries, on a small scale."""

import numpy as np
import pytest

from vistext import scenes
from vistext.scenes.ontology import MAX_OBJECTS
from vistext.tasks import captioning
from vistext.tasks.captioning.model import CaptionerConfig
from vistext.tasks.captioning.object_queries import BOX, ENDS, NOTHING, TRAITS, Loss, Recipe

SMALL = CaptionerConfig(words=9, widths=(4, 6, 8, 8), depth=1, width=16, heads=2, finding=1)
POOL = scenes.sample(12, 3, "train")


def confident(labels, logit=20.0):
    """Outputs of a network that is sure of these labels."""
    outputs = np.zeros((*labels.shape[:-1], ENDS[-1] + 4), "float32")
    for number, (first, words) in enumerate(zip([0, *ENDS], TRAITS.values(), strict=False)):
        outputs[..., first : first + len(words)] = logit * np.eye(len(words))[labels[..., number].astype(int)]
    outputs[..., ENDS[-1] :] = labels[..., BOX]
    return outputs


def test_labels_are_the_traits_and_boxes_from_left_to_right():
    labels = captioning.object_queries.labels(POOL)
    assert labels.shape == (12, MAX_OBJECTS, len(TRAITS) + 4)
    for scene, found in zip(POOL, labels, strict=True):
        objects = [scene.objects[index] for index in captioning.object_queries.left_to_right(scene)]
        assert [obj.box.middle for obj in objects] == sorted(obj.box.middle for obj in scene.objects)
        for obj, row in zip(objects, found, strict=False):
            traits = {name: words[int(number)] for (name, words), number in zip(TRAITS.items(), row, strict=False)}
            assert traits == {name: getattr(obj, name) for name in TRAITS}
            assert row[BOX].tolist() == pytest.approx([obj.box.x, obj.box.y, obj.box.w, obj.box.h])
        assert not found[len(objects) :].any()


def test_the_loss_counts_each_wrong_trait_and_box():
    labels, loss = captioning.object_queries.labels(POOL), Loss(box=2.0)
    assert float(loss(labels, confident(labels))) == pytest.approx(0, abs=1e-4)
    assert float(captioning.object_queries.accuracy(labels, confident(labels))) == 1
    there = labels[..., 0] != NOTHING
    for number in range(len(TRAITS)):
        wrong = labels.copy()
        wrong[0, 0, number] = (wrong[0, 0, number] + 1) % len(list(TRAITS.values())[number])
        over = there.size if number == 0 else there.sum()
        assert float(loss(labels, confident(wrong))) == pytest.approx(20 / over, rel=1e-3)
        assert float(captioning.object_queries.accuracy(labels, confident(wrong))) == pytest.approx(1 - 1 / there.size)
    moved = labels.copy()
    moved[0, 0, BOX] += 0.1
    assert float(loss(labels, confident(moved))) == pytest.approx(2 * 0.4 / there.sum(), rel=1e-3)
    imagined = confident(labels)
    imagined[~there, ENDS[0] :] = 7  # traits where there is no object
    assert float(loss(labels, imagined)) == pytest.approx(0, abs=1e-4)
    assert float(captioning.object_queries.accuracy(labels, imagined)) == 1


def test_it_learns_and_what_is_complete_is_not_trained_again(tmp_path):
    labels, random = captioning.object_queries.labels(POOL), np.random.default_rng(0)
    grids = random.normal(size=(12, 64, 8)).astype("float16")
    recipe = Recipe(steps=200, batch_size=12)
    network, history = captioning.object_queries.train(recipe, SMALL, grids, POOL, checkpoint=tmp_path, bar=False)
    assert np.mean(history.loss[-5:]) < 0.5 * history.loss[0]
    assert float(captioning.object_queries.accuracy(labels, network.predict(grids.astype("float32"), verbose=0))) > 0.3
    again, history = captioning.object_queries.train(recipe, SMALL, grids, POOL, checkpoint=tmp_path, bar=False)
    assert not history.loss
    for one, other in zip(again.get_weights(), network.get_weights(), strict=True):
        assert np.array_equal(one, other)
