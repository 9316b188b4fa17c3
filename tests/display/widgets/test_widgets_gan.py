"""A film, and a walk through z."""

import ipywidgets
import numpy as np
import pytest
from parsed import Html, parts

from vistext.display import widgets
from vistext.nn.engine import keras
from vistext.tasks import gan


def test_a_film_shows_the_frame_that_is_chosen_and_a_still_strip():
    frames = [np.full((32, 32, 3), 20 * number, np.uint8) for number in range(12)]
    film = widgets.training_film(frames, [f"step {number} < 12" for number in range(12)], alt="Ever lighter squares")
    (slider,) = parts(film, ipywidgets.IntSlider)
    (result,) = parts(film, ipywidgets.HTML)
    assert (slider.min, slider.max) == (0, 11)
    slider.value = 7
    assert result.value == film.answer(7)
    assert (Html(result.value).picture() == 140).all()
    assert "step 7 < 12" in "".join(Html(result.value).words)
    assert film.still.alt == "Ever lighter squares"


@pytest.fixture(scope="module")
def generator():
    keras.utils.set_random_seed(0)
    return gan.model.build_generator(gan.model.GanConfig(noise=6, width=4, classes=3))


def test_a_walk_through_z_shows_what_is_generated_on_the_way(generator):
    walk = widgets.walk_through_z(generator, ["cat", "dog", "ship"])
    (kind,) = parts(walk, ipywidgets.Dropdown)
    (share,) = parts(walk, ipywidgets.FloatSlider)
    (result,) = parts(walk, ipywidgets.HTML)
    assert result.value == walk.answer("cat", 1, 2, 0)
    share.value, kind.value = 1.0, "dog"
    assert result.value == walk.answer("dog", 1, 2, 1.0)
    picture = Html(result.value).picture()
    expected = gan.model.generate(generator, [1], noise=gan.model.sample_noise(1, 6, 2))[0]
    assert np.abs(picture[::8, ::8].astype(int) - expected).max() <= 1
    assert walk.answer("dog", 1, 2, 0.5) not in {walk.answer("dog", 1, 2, 0), walk.answer("dog", 1, 2, 1)}
    assert "cat, dog, ship" in walk.still.alt
