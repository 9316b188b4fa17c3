"""Problem set 4, on lesson 04: generative adversarial networks."""

import numpy as np

from vistext.exercises.exercise import exercise, vary

LESSON = "04_gan.ipynb#"


def _less(scores, of=np.mean):
    """The mean of -log D, of scores of any size; with -scores, of -log (1 - D)."""
    return float(of(np.logaddexp(0, -scores)))


def losses(on_real, on_invented, *, of=np.mean, total=np.add):
    real, away, invented = (_less(scores, of) for scores in (on_real, -on_invented, on_invented))
    return [float(total(real, away)), -away, invented]


def _by_probabilities(on_real, on_invented, clip=0.0):
    real, invented = (np.clip(1 / (1 + np.exp(-scores)), clip, 1 - clip) for scores in (on_real, on_invented))
    discriminator = -np.log(real).mean() - np.log(1 - invented).mean()
    return [discriminator, np.log(1 - invented).mean(), -np.log(invented).mean()]


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
        if np.abs(np.round(losses(**small), 3) - losses(**small)).min() > 1e-4:
            return [*cases, small]


def _fair(inside):
    return len(inside) / inside.shape[1]


def coverage(
    points,
    centres,
    near,
    *,
    norm=lambda offsets: np.linalg.norm(offsets, axis=-1),
    covers=lambda inside: inside.sum(axis=0) >= _fair(inside) / 4,
    share=lambda inside: inside.any(axis=1),
):
    """How many modes are covered, and the share of points near any."""
    inside = norm(points[:, np.newaxis] - centres) <= near  # (points, modes)
    return [int(covers(inside).sum()), float(share(inside).mean())]


def _share_of_modes(points, centres, near):
    modes, share = coverage(points, centres, near)
    return [modes / len(centres), share]


def _nearest_mode(points, centres, near):
    nearest = np.linalg.norm(points[:, np.newaxis] - centres, axis=-1).argmin(axis=1)
    at = np.bincount(nearest, minlength=len(centres))
    return [int((at >= len(points) / len(centres) / 4).sum()), coverage(points, centres, near)[1]]


def _clouds(rng):
    cases: list[dict] = []
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


def averaged(weights, keep, *, new=lambda keep: 1 - keep):
    average = weights[0]
    for step in weights[1:]:
        average = keep * average + new(keep) * step
    return average


def _histories(rng):
    cases = []
    # The averages are neither in order nor in the opposite one, and one at least is below 0.
    sizes = ((3, [1, 0], 0.9), (4, [2, 0, 1], 0.6), (6, [0], 0.75), (5, [1, 3, 0, 2], 0.3), (1, [0], 0.5))
    for steps, ranks, keep in sizes:
        weights = rng.normal(size=(steps, len(ranks))).round(6)
        weights[:, 0] *= -np.sign(averaged(weights, keep)[0])
        cases.append({"weights": weights[:, np.argsort(averaged(weights, keep))[ranks]], "keep": keep})
    return cases


LOSS = exercise("ps04-1", "A discriminator that cannot tell", points=1).value(
    "loss",
    2 * np.log(2),
    section=LESSON + "The-two-losses",
    expects="one number, to two decimals",
    tolerance=0.002,  # 1.39 will do, and 1.38 is not rounded
    mistakes={
        "one-half-of-it": (np.log(2), "That is what it loses on one of the two. It is asked about real and invented."),
        "base-two": (2.0, "log is the natural logarithm here, the one that exp undoes."),
        "base-ten": (2 * np.log10(2), "log is the natural logarithm, not the one to base ten."),
        "no-minus": (-2 * np.log(2), "Logarithms of probabilities are negative, and a loss has a minus before them."),
        "no-loss": (0.0, "It is not right, so it must lose something."),
        "no-logarithm": (0.5, "That is the probability. The loss is a logarithm of it."),
        "added-first": (1.0, "Each half has a logarithm of its own; they are added afterwards."),
        "multiplied": (np.log(2) ** 2, "Two logarithms are added, not multiplied."),
    },
)

LOSSES = exercise("ps04-2", "Losses that hold out", points=3).function(
    losses,
    section=LESSON + "The-two-losses",
    expects="three numbers in a list: the discriminator's loss, the generator's original one, and the other one",
    shown=[
        {"on_real": np.array([2.0, 0.5, -1.0]), "on_invented": np.array([-3.0, 0.0])},
        {"on_real": np.array([800.0, 1.0]), "on_invented": np.array([-1000.0, 2.0, 900.0])},
    ],
    draw=_scores,
    mistakes={
        "overflow": (_by_probabilities, "Infinite, or nan: a probability was rounded to 0, and has no logarithm."),
        "clipped": (
            vary(_by_probabilities, clip=1e-7),
            "The probabilities were cut off at 0.0000001, so whoever is surely wrong loses too little.",
        ),
        "halved": (
            {"total": lambda real, fake: (real + fake) / 2},
            "The discriminator's two parts are added, no mean.",
        ),
        "all-in-one-mean": (
            lambda on_real, on_invented: [
                _less(np.concatenate([on_real, -on_invented])),
                *losses(on_real, on_invented)[1:],
            ],
            "One mean was taken over real and invented ones. Each has its own.",
        ),
        "sums": ({"of": np.sum}, "They grow with the number of points. Means are wanted."),
        "discriminator-turned": (
            lambda on_real, on_invented: [losses(-on_real, -on_invented)[0], *losses(on_real, on_invented)[1:]],
            "This discriminator's loss is high when it is right: real should be 1.",
        ),
        "sign-of-the-original": (
            lambda **case: np.abs(losses(**case)),
            "The generator makes log (1 - D) small as it stands. Look for a minus too many in the second.",
        ),
        "generators-exchanged": (
            lambda **case: [losses(**case)[place] for place in (0, 2, 1)],
            "The second and the third are exchanged.",
        ),
        "generator-on-real": (
            lambda on_real, on_invented: [losses(on_real, on_invented)[0], *losses(on_invented, on_real)[1:]],
            "The generator is judged by what it has invented, not by real ones.",
        ),
    },
)

COVERAGE = exercise("ps04-3", "Has it collapsed?", points=4).function(
    coverage,
    section=LESSON + "Something-that-can-be-seen-whole",
    expects="two numbers in a list: how many modes are covered, and the share of points near any",
    shown=[
        {
            "points": np.array([[0.0, 0], [0.1, 0], [0, 0.1], [3, 0.2], [1.5, 0], [0.4, 0.4], [0.2, 0], [0, 0.3]]),
            "centres": np.array([[0.0, 0], [3, 0]]),
            "near": 0.5,
        }
    ],
    draw=_clouds,
    mistakes={
        "any-point": (
            {"covers": lambda inside: inside.any(axis=0)},
            "A single point is enough to cover a mode here. How many are asked for?",
        ),
        "whole-share": (
            {"covers": lambda inside: inside.sum(axis=0) >= _fair(inside)},
            "You ask each mode for its whole fair share. A quarter of it is enough.",
        ),
        "of-those-near": (
            {"covers": lambda inside: inside.sum(axis=0) >= inside.any(axis=1).sum() / inside.shape[1] / 4},
            "The fair share was taken of points near a mode, not of all.",
        ),
        "squares": (
            {"norm": lambda offsets: np.abs(offsets).max(axis=-1)},
            "Squares around the centres, not circles: across and up were looked at apart.",
        ),
        "not-rooted": ({"norm": lambda offset: (offset**2).sum(-1)}, "A squared distance is compared with a distance."),
        "mean-of-shares": ({"share": np.array}, "The share is of points and modes. Each point is near one, or none."),
        "share-of-modes": (_share_of_modes, "The first number is a share. How many modes are covered?"),
        "nearest-mode": (_nearest_mode, "A point far from all modes was given to the nearest of them."),
        "turned": (lambda **case: coverage(**case)[::-1], "The two numbers are exchanged."),
    },
)

AVERAGED = exercise("ps04-4", "The average that is kept", points=2).function(
    averaged,
    section=LESSON + "3.-Stabilized-training",
    expects="a float array of the shape of one step's weights",
    shown=[{"weights": np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 3.0]]), "keep": 0.8}],
    draw=_histories,
    mistakes={
        "exchanged": (
            {"keep": lambda keep: 1 - keep},
            "It follows the new weights closely. How much is kept of the old?",
        ),
        "from-nothing": (
            {"weights": lambda weights: np.concatenate([0 * weights[:1], weights])},
            "It begins at 0, so it is too small for long. Where should it begin?",
        ),
        "not-weighed": ({"new": lambda keep: 1}, "The new weights are added in full, so it grows and grows."),
        "plain-mean": (
            lambda weights, keep: weights.mean(axis=0),
            "That is the plain mean of all steps. The last ones should count more.",
        ),
        "last": (lambda weights, keep: weights[-1], "These are the last weights. They wander."),
        "of-two": ({"weights": lambda weights: weights[[-2, -1]]}, "Only two steps count. An average is carried on."),
        "one-short": ({"weights": lambda weights: weights[: max(1, len(weights) - 1)]}, "The last step is missing."),
        "backwards": ({"weights": lambda weights: weights[::-1]}, "It goes from the last step to the first."),
    },
)

WHO = exercise("ps04-5", "Who is who", points=2).value(
    "who",
    "EACDB",
    section=LESSON + "Third-measure:-are-they-varied?",
    expects="a text of five letters, each of A, B, C, D and E once",
    mistakes={
        "distance-alone": ("AECDB", "1 and 2 are exchanged. Both have a small distance; what tells them apart?"),
        "one-or-two": ("ECADB", "2 and 3 are exchanged. How far apart are two copies of one picture?"),
        "diversity-is-good": ("DACEB", "1 and 4 are exchanged. More diverse than real pictures is no good sign."),
        "kinds-forgotten": ("BACDE", "1 and 5 are exchanged. Which measure looks at the kind that was asked for?"),
        "blots-or-kinds": ("EACBD", "4 and 5 are exchanged. Real pictures lie at no distance, whatever their kind."),
        "two-or-blots": ("EADCB", "3 and 4 are exchanged. Two pictures of each kind cannot be very diverse."),
        "as-named": ("ABCDE", "That is the order of their names."),
    },
)

QUESTION = exercise("ps04-6", "Two ways from here to there", points=2).by_hand(
    section=LESSON + "6.-Interpolation-in-latent-space"
)

EXERCISES = (LOSS, LOSSES, COVERAGE, AVERAGED, WHO, QUESTION)
