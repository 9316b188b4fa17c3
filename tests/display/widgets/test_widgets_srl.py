"""Click an object, see its frame: played without a browser, and whole as a still."""

import ipywidgets
import numpy as np
import pytest
from parsed import Html, parts

from vistext import scenes
from vistext.display.widgets import srl
from vistext.scenes import language
from vistext.tasks.srl.model import PredictedFrame

SHOWN = [scenes.course_scene(), *[scene for scene in scenes.sample(20, 3, "test") if len(scene.objects) == 3][:1]]


def predicted(scene, frame, obj):
    box = scene.objects[frame.obj].box
    roles = ((frame.roles[0][0], obj or frame.roles[0][1]), *frame.roles[1:])
    return PredictedFrame(frame.verb, roles, 0.75, np.array([box.x, box.y, box.w, box.h]), box.area)


class Oracle:
    """A role model that finds what is true, but takes everything in the second scene for an airplane."""

    def frames(self, pictures):
        return [
            [predicted(scene, frame, obj) for frame in language.frames(scene)]
            for scene, obj in zip(SHOWN, ("", "airplane"), strict=True)
        ]


@pytest.fixture
def clicked():
    return srl.click_an_object(Oracle(), SHOWN)


def test_an_object_s_frame_is_shown_as_roles_and_as_a_sentence_with_whether_it_is_true(clicked):
    page = Html(clicked.answer(1, 1))
    for words in ("verb sit agent cat place floor", "A cat is sitting on the floor.", "✓ true", "75%"):
        assert words in page.text
    assert [attrs["scope"] for attrs in page.all("th")] == ["row"] * 3
    assert "a box around the cat" in page.all("img")[0]["alt"]
    plain = scenes.draw(SHOWN[0]).picture
    assert page.picture().shape[0] > len(plain)
    assert "✗ not true" in Html(clicked.answer(2, 1)).text


def test_each_object_of_a_scene_can_be_clicked_and_has_its_own_box(clicked):
    [slider], buttons = parts(clicked, ipywidgets.IntSlider), parts(clicked, ipywidgets.Button)
    [result] = parts(clicked, ipywidgets.HTML)
    assert [button.description for button in buttons if button.layout.display != "none"] == ["1: cat"]
    assert result.value == clicked.answer(1, 1)
    slider.value = 2
    offered = [button for button in buttons if button.layout.display != "none"]
    assert [button.description for button in offered] == [f"{number}: airplane" for number in (1, 2, 3)]
    assert result.value == clicked.answer(2, 1)
    shown = []
    for number, button in enumerate(offered, start=1):
        button.click()
        assert result.value == clicked.answer(2, number)
        assert [each.button_style for each in offered] == ["info" if each is button else "" for each in offered]
        shown.append(Html(result.value).picture())
    assert not np.array_equal(shown[0], shown[1])
    assert slider.description
    assert "the verb and the roles of each" in clicked.still.alt
    assert clicked.still.png.startswith(b"\x89PNG")
