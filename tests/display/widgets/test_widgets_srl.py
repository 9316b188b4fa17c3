"""Click an object, see its frame: played without a browser, and whole as a still."""

import ipywidgets
import numpy as np
import pytest
from played import Html, parts

from vistext import scenes
from vistext.display.widgets import srl
from vistext.scenes import language
from vistext.tasks.srl.model import PredictedFrame

SHOWN = [scenes.course_scene(), *[scene for scene in scenes.sample(20, 3, "test") if len(scene.objects) == 3][:1]]


class Oracle:
    """A role model that finds what is true, but takes everything in the second scene for an airplane."""

    def frames(self, pictures):
        found = []
        for number, scene in enumerate(SHOWN):
            boxes = [scene.objects[one.obj].box for one in language.frames(scene)]
            found.append(
                [
                    PredictedFrame(
                        one.verb,
                        one.roles if number == 0 else ((one.roles[0][0], "airplane"), *one.roles[1:]),
                        0.75,
                        np.array([box.x, box.y, box.w, box.h]),
                        box.area,
                    )
                    for one, box in zip(language.frames(scene), boxes, strict=True)
                ]
            )
        return found


@pytest.fixture
def clicked():
    return srl.click_an_object(Oracle(), SHOWN)


def test_a_thing_s_frame_is_shown_as_roles_and_as_a_sentence_with_whether_it_is_true(clicked):
    page = Html(clicked.answer(1, 1))
    said = " ".join(page.words)
    for words in ("verb sit agent cat place floor", "A cat is sitting on the floor.", "✓ true", "75%"):
        assert words in said
    assert [attrs["scope"] for attrs in page.all("th")] == ["row"] * 3
    assert "a box around the cat" in page.all("img")[0]["alt"]
    plain = scenes.draw(SHOWN[0]).picture
    assert page.picture().shape[0] > len(plain)
    assert "✗ not true" in " ".join(Html(clicked.answer(2, 1)).words)


def test_each_thing_of_a_scene_can_be_clicked_and_has_its_own_box(clicked):
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


def test_it_is_a_still_picture_too_and_every_control_has_a_name(clicked):
    assert "the verb and the roles of each" in clicked.still.alt
    assert clicked.still.png.startswith(b"\x89PNG")
    assert all(slider.description for slider in parts(clicked, ipywidgets.IntSlider))
