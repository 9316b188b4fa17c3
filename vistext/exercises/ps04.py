"""Problem set 4, on lesson 04: generative adversarial networks."""

import numpy as np

from vistext.exercises.exercise import Exercise, Misconception, value_misconception

LESSON = "04_gan.ipynb#"


def _losses(on_real, on_invented):
    return [_less(on_real) + _less(-on_invented), -_less(-on_invented), _less(on_invented)]


def _less(scores, of=np.mean):
    """The mean of -log D, of scores of any size; with -scores, of -log (1 - D)."""
    return float(of(np.logaddexp(0, -scores)))


def _by_probabilities(on_real, on_invented, clip=0.0):
    real, invented = (np.clip(1 / (1 + np.exp(-scores)), clip, 1 - clip) for scores in (on_real, on_invented))
    judge = -np.log(real).mean() - np.log(1 - invented).mean()
    return [judge, np.log(1 - invented).mean(), -np.log(invented).mean()]


def _halved(on_real, on_invented):
    judge, *generator = _losses(on_real, on_invented)
    return [judge / 2, *generator]


def _all_in_one_mean(on_real, on_invented):
    each = np.concatenate([np.logaddexp(0, -on_real), np.logaddexp(0, on_invented)])
    return [float(each.mean()), *_losses(on_real, on_invented)[1:]]


def _sums(on_real, on_invented):
    real, away, invented = (_less(scores, np.sum) for scores in (on_real, -on_invented, on_invented))
    return [real + away, -away, invented]


def _judge_turned(on_real, on_invented):
    return [_less(-on_real) + _less(on_invented), *_losses(on_real, on_invented)[1:]]


def _scores(rng):
    cases = []
    for real, invented in ((3, 4), (2, 5), (6, 3), (4, 1)):
        scores = rng.normal(0, 2, real + invented).round(2)
        scores[0], scores[-1] = -900 - int(rng.integers(90)), 900 + int(rng.integers(90))  # exp of these is infinite
        cases.append({"on_real": scores[:real], "on_invented": scores[real:]})
    cases[0]["on_invented"][0] = -1000.0
    # And small ones only, of whose losses every decimal counts.
    while True:
        small = {"on_real": rng.normal(0, 2, 3).round(2)[[0, 1, 2, 0]], "on_invented": rng.normal(0, 2, 5).round(2)}
        if np.abs(np.round(_losses(**small), 3) - _losses(**small)).min() > 1e-4:
            return [*cases, small]


def _distances(points, centres):
    return np.linalg.norm(points[:, None] - centres, axis=-1)


def _coverage(points, centres, near, quarter=4, of=None):
    inside = _distances(points, centres) <= near
    fair = (len(points) if of is None else of(inside)) / len(centres)
    return [int((inside.sum(axis=0) >= fair / quarter).sum()), float(inside.any(axis=1).mean())]


def _any_point(points, centres, near):
    inside = _distances(points, centres) <= near
    return [int(inside.any(axis=0).sum()), float(inside.any(axis=1).mean())]


def _squares(points, centres, near):
    inside = (np.abs(points[:, None] - centres) <= near).all(axis=-1)
    return [int((inside.sum(axis=0) >= len(points) / len(centres) / 4).sum()), float(inside.any(axis=1).mean())]


def _not_rooted(points, centres, near):
    inside = _distances(points, centres) ** 2 <= near
    return [int((inside.sum(axis=0) >= len(points) / len(centres) / 4).sum()), float(inside.any(axis=1).mean())]


def _mean_of_shares(points, centres, near):
    inside = _distances(points, centres) <= near
    return [_coverage(points, centres, near)[0], float(inside.mean())]


def _share_of_modes(points, centres, near):
    modes, share = _coverage(points, centres, near)
    return [modes / len(centres), share]


def _nearest_mode(points, centres, near):
    nearest = np.bincount(_distances(points, centres).argmin(axis=1), minlength=len(centres))
    return [int((nearest >= len(points) / len(centres) / 4).sum()), _coverage(points, centres, near)[1]]


def _clouds(rng):
    cases = []
    for modes, each, more in ((4, 24, 0), (5, 28, 1), (6, 24, 0), (3, 32, 1)):
        near, quarter = 0.625, each // 4
        centres = 2.0 * rng.permutation([(x, y) for x in range(-2, 3) for y in range(-2, 3)])[:modes]
        # Near them: a full share, just a quarter, one less, one, nobody. With a point more, a quarter is not enough.
        shares = [each, quarter + 1 if more else quarter, quarter if more else quarter - 1, 1, 0, 0][:modes]
        at = [centres[k] + _within(rng, number, 0.5) for k, number in enumerate(shares)]
        for points in at[:2]:
            points[0] = centres[shares.index(len(points))] + rng.permutation(
                [0.375, -0.5]
            )  # on the circle: as far as near
        at.append(centres[-1] + rng.choice([-0.5, 0.5], (each // 2, 2)))  # outside the circle, inside of its square
        left = modes * each + more - sum(map(len, at))
        at.append(centres[rng.integers(0, modes, left)] + [0.6875, 0.0])  # outside of both, but near if not rooted
        turn = 1 if len(cases) % 2 else -1  # the full one is the first, or the last
        cases.append({"points": rng.permutation(np.concatenate(at)), "centres": centres[::turn], "near": near})
    collapsed = centres[0] + _within(rng, 20, 0.5)
    everywhere = np.concatenate([centre + _within(rng, 8, 0.5) for centre in centres])
    cases += [{"points": points, "centres": centres, "near": near} for points in (collapsed, everywhere)]
    return [*cases, {"points": centres[:1] + 0.75, "centres": centres[:1], "near": near}]


def _within(rng, number, radius):
    """Points around 0, in 64ths, which are exact in sums and in float32."""
    angles, lengths = rng.uniform(0, 2 * np.pi, number), radius * np.sqrt(rng.uniform(0, 1, number))
    return np.round(64 * np.stack([lengths * np.cos(angles), lengths * np.sin(angles)], axis=1)) / 64


def _averaged(weights, keep):
    average = weights[0]
    for new in weights[1:]:
        average = keep * average + (1 - keep) * new
    return average


def _from_nothing(weights, keep):
    average = 0 * weights[0]
    for new in weights:
        average = keep * average + (1 - keep) * new
    return average


def _not_weighed(weights, keep):
    average = weights[0]
    for new in weights[1:]:
        average = keep * average + new
    return average


def _of_two(weights, keep):
    return keep * weights[-2] + (1 - keep) * weights[-1]


def _histories(rng):
    cases = []
    # The averages are neither in order nor in the opposite one, and one at least is below 0.
    sizes = ((3, [1, 0], 0.9), (4, [2, 0, 1], 0.6), (6, [0], 0.75), (5, [1, 3, 0, 2], 0.3), (1, [0], 0.5))
    for steps, ranks, keep in sizes:
        weights = rng.normal(size=(steps, len(ranks))).round(6)
        weights[:, 0] *= -np.sign(_averaged(weights, keep)[0])
        cases.append({"weights": weights[:, np.argsort(_averaged(weights, keep))[ranks]], "keep": keep})
    return cases


EXERCISES = (
    Exercise(
        id="ps04-1",
        title="A judge that cannot tell",
        points=1,
        kind="value",
        answer="loss",
        aim="work out both losses of the game by hand, and say which one leaves the generator without advice",
        section=LESSON + "What-each-of-them-wants",
        difficulty="warm-up",
        minutes=5,
        expects="one number, to two decimals",
        solve=lambda: 2 * np.log(2),
        mistakes=(
            value_misconception(
                "one-half-of-it",
                "That is what it loses on one of the two. It is asked about real and invented ones.",
                np.log(2),
            ),
            value_misconception("base-two", "log is the natural logarithm here, the one that exp undoes.", 2.0),
            value_misconception("base-ten", "log is the natural logarithm, not the one to base ten.", 2 * np.log10(2)),
            value_misconception(
                "no-minus",
                "Logarithms of probabilities are negative, and a loss has a minus before them.",
                -2 * np.log(2),
            ),
            value_misconception("no-loss", "It is not right, so it must lose something.", 0.0),
            value_misconception("no-logarithm", "That is the probability. The loss is a logarithm of it.", 0.5),
            value_misconception("added-first", "Each half has a logarithm of its own; they are added afterwards.", 1.0),
            value_misconception("multiplied", "Two logarithms are added, not multiplied.", np.log(2) ** 2),
        ),
        tolerance=0.002,  # 1.39 will do, and 1.38 is not rounded
    ),
    Exercise(
        id="ps04-2",
        title="Losses that hold out",
        points=3,
        kind="function",
        answer="losses",
        aim="work out both losses of the game by hand, and say which one leaves the generator without advice",
        section=LESSON + "What-each-of-them-wants",
        difficulty="medium",
        minutes=20,
        expects="three numbers in a list: the judge's loss, the generator's original one, and the other one",
        solve=_losses,
        shown=(
            {"on_real": np.array([2.0, 0.5, -1.0]), "on_invented": np.array([-3.0, 0.0])},
            {"on_real": np.array([800.0, 1.0]), "on_invented": np.array([-1000.0, 2.0, 900.0])},
        ),
        draw=_scores,
        mistakes=(
            Misconception(
                "overflow",
                "Infinite, or nan: the probability was rounded to 0 or to 1, and the logarithm of 0 is infinite.",
                _by_probabilities,
            ),
            Misconception(
                "clipped",
                "The probabilities were cut off at 0.0000001, so whoever is surely wrong loses too little.",
                lambda on_real, on_invented: _by_probabilities(on_real, on_invented, clip=1e-7),
            ),
            Misconception("halved", "The judge's two parts are added, not averaged.", _halved),
            Misconception(
                "all-in-one-mean",
                "One mean was taken over real and invented ones together. Each has a mean of its own.",
                _all_in_one_mean,
            ),
            Misconception("sums", "They grow with the number of points. Means are wanted.", _sums),
            Misconception("judge-turned", "This judge loses when it is right: real should be 1.", _judge_turned),
            Misconception(
                "sign-of-the-original",
                "The generator makes log (1 - D) small as it stands. Look for a minus too many in the second.",
                lambda on_real, on_invented: [abs(loss) for loss in _losses(on_real, on_invented)],
            ),
            Misconception(
                "generators-exchanged",
                "The second and the third are exchanged.",
                lambda on_real, on_invented: [_losses(on_real, on_invented)[place] for place in (0, 2, 1)],
            ),
            Misconception(
                "generator-on-real",
                "The generator is judged by what it has invented, and not by what is real.",
                lambda on_real, on_invented: [
                    _losses(on_real, on_invented)[0],
                    *_losses(on_invented, on_real)[1:],
                ],
            ),
        ),
        tolerance=1e-5,
    ),
    Exercise(
        id="ps04-3",
        title="Has it collapsed?",
        points=4,
        kind="function",
        answer="coverage",
        aim="write the game with its two steps, and recognise a collapse",
        section=LESSON + "Something-that-can-be-seen-whole",
        difficulty="stretch",
        minutes=20,
        expects="two numbers in a list: how many modes are covered, and the share of points near any",
        solve=_coverage,
        shown=(
            {
                "points": np.array([[0.0, 0], [0.1, 0], [0, 0.1], [3, 0.2], [1.5, 0], [0.4, 0.4], [0.2, 0], [0, 0.3]]),
                "centres": np.array([[0.0, 0], [3, 0]]),
                "near": 0.5,
            },
        ),
        draw=_clouds,
        mistakes=(
            Misconception(
                "any-point", "A single point is enough to cover a mode here. How many are asked for?", _any_point
            ),
            Misconception(
                "whole-share",
                "You ask each mode for its whole fair share. A quarter of it is enough.",
                lambda points, centres, near: _coverage(points, centres, near, quarter=1),
            ),
            Misconception(
                "of-those-near",
                "The fair share was taken of the points that are near a mode. It is one of all points.",
                lambda points, centres, near: _coverage(
                    points, centres, near, of=lambda inside: inside.any(axis=1).sum()
                ),
            ),
            Misconception(
                "squares", "Squares around the centres, not circles: across and up were looked at apart.", _squares
            ),
            Misconception("not-rooted", "A squared distance was compared with a distance.", _not_rooted),
            Misconception(
                "mean-of-shares",
                "The share is one of points and modes. Each point is near some mode, or near none.",
                _mean_of_shares,
            ),
            Misconception(
                "share-of-modes", "The first number is a share. How many modes are covered?", _share_of_modes
            ),
            Misconception(
                "nearest-mode", "A point far from all modes was given to the nearest of them.", _nearest_mode
            ),
            Misconception(
                "turned",
                "The two numbers are exchanged.",
                lambda points, centres, near: _coverage(points, centres, near)[::-1],
            ),
        ),
    ),
    Exercise(
        id="ps04-4",
        title="The average that is kept",
        points=2,
        kind="function",
        answer="averaged",
        aim="mend it, and train a generator that draws what it is asked for",
        section=LESSON + "3.-The-game,-mended",
        difficulty="easy",
        minutes=10,
        expects="a float array of the shape of one step's weights",
        solve=_averaged,
        shown=({"weights": np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 3.0]]), "keep": 0.8},),
        draw=_histories,
        mistakes=(
            Misconception(
                "exchanged",
                "It follows the new weights closely. Which share of the old average is kept?",
                lambda weights, keep: _averaged(weights, 1 - keep),
            ),
            Misconception(
                "from-nothing", "It begins at 0, so it is too small for long. Where should it begin?", _from_nothing
            ),
            Misconception("not-weighed", "The new weights are added in full, so it grows and grows.", _not_weighed),
            Misconception(
                "plain-mean",
                "That is the plain mean of all steps. The last ones should count more.",
                lambda weights, keep: weights.mean(axis=0),
            ),
            Misconception("last", "These are the last weights. They wander.", lambda weights, keep: weights[-1]),
            Misconception("of-two", "Only the last two steps were looked at. An average is carried on.", _of_two),
            Misconception(
                "one-short",
                "The last step is missing.",
                lambda weights, keep: _averaged(weights[: max(1, len(weights) - 1)], keep),
            ),
            Misconception(
                "backwards",
                "It goes from the last step to the first.",
                lambda weights, keep: _averaged(weights[::-1], keep),
            ),
        ),
    ),
    Exercise(
        id="ps04-5",
        title="Who is who",
        points=2,
        kind="value",
        answer="who",
        aim="judge a generator: is it right, is it varied, does it copy? And why no single figure is enough",
        section=LESSON + "Third-measure:-are-they-varied?",
        difficulty="medium",
        minutes=10,
        expects="a text of five letters, each of A, B, C, D and E once",
        solve=lambda: "EACDB",
        mistakes=(
            value_misconception(
                "distance-alone", "1 and 2 are exchanged. Both have a small distance; what tells them apart?", "AECDB"
            ),
            value_misconception(
                "one-or-two", "2 and 3 are exchanged. How far apart are two copies of one picture?", "ECADB"
            ),
            value_misconception(
                "diversity-is-good", "1 and 4 are exchanged. More diverse than real pictures is no good sign.", "DACEB"
            ),
            value_misconception(
                "kinds-forgotten", "1 and 5 are exchanged. Which measure looks at the kind that was asked for?", "BACDE"
            ),
            value_misconception(
                "blots-or-kinds",
                "4 and 5 are exchanged. Real pictures lie at no distance, whatever their kind.",
                "EACBD",
            ),
            value_misconception(
                "two-or-blots", "3 and 4 are exchanged. Two pictures of each kind cannot be very diverse.", "EADCB"
            ),
            value_misconception("as-named", "That is the order of their names.", "ABCDE"),
        ),
    ),
    Exercise(
        id="ps04-6",
        title="Two ways from here to there",
        points=2,
        kind="by hand",
        answer="",
        aim="walk through the space of its ideas, and say where it breaks",
        section=LESSON + "6.-Walking-through-z",
        difficulty="medium",
        minutes=10,
    ),
)
