"""Problem set 4, on lesson 04: generative adversarial networks."""

import numpy as np
from scipy.special import expit

from vistext.exercises.exercise import discriminating, exercise, vary

LESSON = "04_gan.ipynb#"
NEAR = 0.45  # of a mode: three standard deviations of the real points around it
TWINS = 100  # of the noise that is asked: the last ones are nearly the first ones


def _less(scores, of=np.mean):
    """The mean of -log D, of scores of any size; with -scores, of -log (1 - D)."""
    return float(of(np.logaddexp(0, -scores)))


def losses(on_real, on_generated, *, of=np.mean, total=np.add):
    real, away, generated = (_less(scores, of) for scores in (on_real, -on_generated, on_generated))
    return [float(total(real, away)), -away, generated]


def _by_probabilities(on_real, on_generated, clip=0.0):
    real, generated = (np.clip(1 / (1 + np.exp(-scores)), clip, 1 - clip) for scores in (on_real, on_generated))
    discriminator = -np.log(real).mean() - np.log(1 - generated).mean()
    return [discriminator, np.log(1 - generated).mean(), -np.log(generated).mean()]


def _scores(rng):
    cases = []
    for real, generated in ((3, 4), (2, 5), (6, 3), (4, 1)):
        scores = rng.normal(0, 2, real + generated).round(2)
        scores[0], scores[-1] = -900 - int(rng.integers(90)), 900 + int(rng.integers(90))  # exp of these is infinite
        cases.append({"on_real": scores[:real], "on_generated": scores[real:]})
    cases[0]["on_generated"][0] = -1000.0
    # And small ones only, of whose losses every decimal counts.
    while True:
        small = {"on_real": rng.normal(0, 2, 3).round(2)[[0, 1, 2, 0]], "on_generated": rng.normal(0, 2, 5).round(2)}
        if np.abs(np.round(losses(**small), 3) - losses(**small)).min() > 1e-4:
            return [*cases, small]


def _linear(inputs, layer):
    kernel, bias = layer
    return inputs @ kernel + bias


def _descended(layer, inputs, gradient, learning_rate):
    """A linear layer after a step, by the gradient with respect to its outputs."""
    kernel, bias = layer
    return [kernel - learning_rate * inputs.T @ gradient, bias - learning_rate * gradient.sum(axis=0)]


def discriminator_step(
    generator, discriminator, real, noise, learning_rate, *, on_real=1.0, on_generated=1.0, target=1, count=len
):
    """The weights of both networks after a step; `on_real` and `on_generated` weigh the two halves of the loss."""
    generated = _linear(noise, generator)
    errors = [
        weight * (expit(_linear(points, discriminator)) - label) / count(points)
        for points, label, weight in ((real, target, on_real), (generated, 1 - target, on_generated))
    ]  # the gradient with respect to the scores
    points = np.concatenate([real, generated])
    return [list(generator), _descended(discriminator, points, np.concatenate(errors), learning_rate)]


def _both_in_the_discriminators_step(generator, discriminator, real, noise, learning_rate):
    case = {"generator": generator, "discriminator": discriminator, "noise": noise, "learning_rate": learning_rate}
    # The gradient of -log (1 - D) goes on to the generator.
    return [generator_step(**case, error=lambda probability: probability)[0], discriminator_step(real=real, **case)[1]]


def _one_mean(generator, discriminator, real, noise, learning_rate):
    return discriminator_step(
        generator, discriminator, real, noise, learning_rate, count=lambda _: len(real) + len(noise)
    )


def generator_step(
    generator,
    discriminator,
    noise,
    learning_rate,
    *,
    error=lambda probability: probability - 1,
    through=np.transpose,
    count=len,
):
    """The weights of both networks after a step; `error` is the derivative of the loss with respect to a score."""
    scores = _linear(_linear(noise, generator), discriminator)
    on_points = error(expit(scores)) / count(noise) @ through(discriminator[0])
    return [_descended(generator, noise, on_points, learning_rate), list(discriminator)]


def _both_in_the_generators_step(generator, discriminator, noise, learning_rate):
    points = _linear(noise, generator)
    error = (expit(_linear(points, discriminator)) - 1) / len(noise)
    moved = _descended(discriminator, points, error, learning_rate)
    return [generator_step(generator, discriminator, noise, learning_rate)[0], moved]


def _without_biases(step):
    def stepped(generator, discriminator, **case):
        kernels = [kernel for kernel, _ in step(generator, discriminator, **case)]
        return [[kernel, bias] for kernel, (_, bias) in zip(kernels, (generator, discriminator), strict=True)]

    return stepped


def _two_networks(rng, size, noise, learning_rate):
    def layer(*shape):
        return [rng.normal(0, 1, shape).round(2), rng.normal(0, 1, shape[1]).round(2)]

    networks = {"generator": layer(size, 2), "discriminator": layer(2, 1)}
    return networks | {"noise": rng.normal(0, 1, (noise, size)).round(2), "learning_rate": learning_rate}


def _with_real(rng, real, *sizes):
    return _two_networks(rng, *sizes) | {"real": rng.normal(1, 1, (real, 2)).round(2)}


def _discriminator_steps(rng):
    sizes = ((3, 2, 4, 0.5), (5, 2, 2, 0.25), (2, 2, 6, 1.5), (4, 2, 3, 2.0))
    return discriminating(DISCRIMINATOR_STEP, rng, _with_real, sizes)


def _generator_steps(rng):
    return discriminating(GENERATOR_STEP, rng, _two_networks, ((2, 4, 0.5), (3, 2, 0.25), (1, 5, 1.5), (4, 3, 2.0)))


def train_generator(real):
    """A generator by the losses and remedies of lesson 04."""
    from vistext.tasks import gan

    def batch(step):
        return (real[np.random.default_rng(step).integers(0, len(real), 128)],)

    networks = gan.model.build_ring()
    gan.adversarial.train_gan(*networks, batch, gan.adversarial.STABLE, steps=1500, bar=False)
    return networks[0]


def _rings(rng):
    angles = 2 * np.pi * (np.arange(8) / 8 + rng.random())
    centers = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    real = centers[rng.integers(0, 8, 4000)] + rng.normal(0, 0.15, (4000, 2))
    noise = rng.normal(0, 1, (1000, 2)).astype(np.float32)
    noise[-TWINS:] = noise[:TWINS] + np.float32(1e-3)
    real = real.astype(np.float32)
    return [{"given": {"real": real}, "asked": noise, "truth": {"centers": centers, "real": real}}]


def _distances(points, others):
    return np.linalg.norm(points[:, np.newaxis] - others, axis=-1)


def _are_copies(truth, points):
    known = {point.tobytes() for point in truth["real"]}
    return np.array([point.tobytes() in known for point in points.astype(np.float32)])


def _not_of_the_noise(truth, points):
    """Whether nearly the same noise gets points far apart, as where stored ones are drawn, or blurred."""
    return np.median(np.linalg.norm(points[-TWINS:] - points[:TWINS], axis=1)) > NEAR


def near_modes(truth, points):
    """The share of new points near a mode, none of which counts for more than its fair share; 0 for drawn ones."""
    if _not_of_the_noise(truth, points):
        return 0.0
    near = (_distances(points, truth["centers"]) <= NEAR) & ~_are_copies(truth, points)[:, np.newaxis]
    shares = near.mean(axis=0)
    return float(np.minimum(shares, 1 / len(shares)).sum())


def _in_the_middle(truth, points):
    """Whether most points are nearer to the middle of all modes than to any."""
    return (np.linalg.norm(points, axis=1) < _distances(points, truth["centers"]).min(axis=1)).mean() > 0.5


def _collapsed(truth, points):
    """Whether some mode is the nearest one for less than a quarter of its fair share."""
    centers = truth["centers"]
    counts = np.bincount(_distances(points, centers).argmin(axis=1), minlength=len(centers))
    return counts.min() < len(points) / len(centers) / 4


LOSS = exercise("ps04-1", "A discriminator that cannot tell", points=1).value(
    "loss",
    2 * np.log(2),
    section=LESSON + "The-two-losses",
    expects="one number, to two decimals",
    tolerance=0.002,  # 1.39 will do, and 1.38 is not rounded
    mistakes={
        "one-half-of-it": (np.log(2), "That is its loss on one half. It is shown real points and generated ones."),
        "base-two": (2.0, "log is the natural logarithm here, the one that exp undoes."),
        "base-ten": (2 * np.log10(2), "log is the natural logarithm, not the one to base ten."),
        "no-minus": (-2 * np.log(2), "Logarithms of probabilities are negative, and a loss has a minus before them."),
        "no-loss": (0.0, "It is not right, so it must lose something."),
        "no-logarithm": (0.5, "That is the probability. The loss is a logarithm of it."),
        "added-first": (1.0, "Each half has a logarithm of its own; they are added afterwards."),
        "multiplied": (np.log(2) ** 2, "Two logarithms are added, not multiplied."),
    },
)

LOSSES = exercise("ps04-2", "Losses that stay finite", points=3).function(
    losses,
    section=LESSON + "The-two-losses",
    expects="three numbers in a list: the discriminator's loss, the generator's original one, and the other one",
    shown=[
        {"on_real": np.array([2.0, 0.5, -1.0]), "on_generated": np.array([-3.0, 0.0])},
        {"on_real": np.array([800.0, 1.0]), "on_generated": np.array([-1000.0, 2.0, 900.0])},
    ],
    draw=_scores,
    mistakes={
        "overflow": (_by_probabilities, "Infinite, or nan: a probability was rounded to 0, and has no logarithm."),
        "clipped": (
            vary(_by_probabilities, clip=1e-7),
            "The probabilities were cut off at 0.0000001, so a discriminator that is surely wrong loses too little.",
        ),
        "halved": (
            {"total": lambda real, fake: (real + fake) / 2},
            "The discriminator's two parts are added, no mean.",
        ),
        "all-in-one-mean": (
            lambda on_real, on_generated: [
                _less(np.concatenate([on_real, -on_generated])),
                *losses(on_real, on_generated)[1:],
            ],
            "One mean was taken over real and generated ones. Each has its own.",
        ),
        "sums": ({"of": np.sum}, "They grow with the number of points. Means are wanted."),
        "discriminator-turned": (
            lambda on_real, on_generated: [losses(-on_real, -on_generated)[0], *losses(on_real, on_generated)[1:]],
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
            lambda on_real, on_generated: [losses(on_real, on_generated)[0], *losses(on_generated, on_real)[1:]],
            "The generator is judged by what it has generated, not by real ones.",
        ),
    },
)

DISCRIMINATOR_STEP = exercise("ps04-3", "A step of the discriminator", points=3).function(
    discriminator_step,
    section=LESSON + "The-training-step",
    expects="a list of both networks, each as it was given: [kernel, bias]",
    shown=[
        {
            "generator": [np.array([[1.0, 0.0], [0.5, -1.0]]), np.array([0.0, 1.0])],
            "discriminator": [np.array([[1.0], [-0.5]]), np.array([0.25])],
            "real": np.array([[1.0, 2.0], [0.0, -1.0], [2.0, 0.5]]),
            "noise": np.array([[0.5, 1.0], [-1.0, 0.0]]),
            "learning_rate": 0.5,
        }
    ],
    draw=_discriminator_steps,
    mistakes={
        "both-updated": (
            _both_in_the_discriminators_step,
            "The generator has changed as well. Whose weights does this step update?",
        ),
        "alone": (lambda **case: discriminator_step(**case)[1], "One network came back. Both were asked for."),
        "ascent": (
            {"learning_rate": np.negative},
            "After this step its loss is higher than before. In which direction does a loss fall?",
        ),
        "swapped": ({"target": 0}, "It learns to take generated points for real. Which target belongs to which?"),
        "real-alone": ({"on_generated": 0}, "Generated points teach it nothing here. Its loss has two halves."),
        "generated-alone": ({"on_real": 0}, "Real points teach it nothing here. Its loss has two halves."),
        "one-mean": (_one_mean, "One mean was taken over all points. Real and generated ones have a mean each."),
        "sums": ({"count": lambda _: 1}, "The loss was added up over the points. Means are asked for."),
        "noise-as-points": (
            lambda generator, **case: [list(generator), discriminator_step([np.eye(2), np.zeros(2)], **case)[1]],
            "The discriminator was given the noise itself. What does the generator make of it?",
        ),
        "whole-gradient": (
            {"learning_rate": 1.0},
            "The whole gradient was subtracted, however large the learning rate is.",
        ),
        "exchanged": (
            lambda **case: discriminator_step(**case)[::-1],
            "The discriminator came back first. Which is to?",
        ),
        "bias-at-rest": (_without_biases(discriminator_step), "The bias is as it was. It is a weight as well."),
    },
)

GENERATOR_STEP = exercise("ps04-4", "A step of the generator", points=3).function(
    generator_step,
    section=LESSON + "The-training-step",
    expects="a list of both networks, each as it was given: [kernel, bias]",
    shown=[
        {
            "generator": [np.array([[1.0, 0.0], [0.5, -1.0]]), np.array([0.0, 1.0])],
            "discriminator": [np.array([[1.0], [-0.5]]), np.array([0.25])],
            "noise": np.array([[0.5, 1.0], [-1.0, 0.0], [2.0, -0.5]]),
            "learning_rate": 0.5,
        }
    ],
    draw=_generator_steps,
    mistakes={
        "both-updated": (
            _both_in_the_generators_step,
            "The discriminator has changed as well: it has learned to take generated points for real.",
        ),
        "discriminator-updated": (
            lambda generator, **case: [list(generator), _both_in_the_generators_step(generator, **case)[1]],
            "The discriminator has changed in place of the generator. The loss only goes through it.",
        ),
        "alone": (lambda **case: generator_step(**case)[0], "One network came back, where both were asked for."),
        "ascent": (
            {"learning_rate": np.negative},
            "After this step the discriminator recognizes the points more surely. What is the generator's objective?",
        ),
        "saturating": (
            {"error": np.negative},
            "That is a step by the saturating loss, whose gradient vanishes where D is near 0.",
        ),
        "target-zero": (
            {"error": np.array},
            "Target 0 is the discriminator's, for generated points. What is the generator's target for them?",
        ),
        "no-logarithm": (
            {"error": lambda probability: -probability * (1 - probability)},
            "The mean of D itself was raised. The loss is a logarithm of it.",
        ),
        "not-through-the-discriminator": (
            {"through": lambda kernel: np.ones_like(kernel.T)},
            "The gradient with respect to the scores was used for the points. What lies between points and scores?",
        ),
        "sums": ({"count": lambda _: 1}, "The loss was added up over the points. Its mean is asked for."),
        "whole-gradient": ({"learning_rate": 1.0}, "The learning rate has no influence on this step."),
        "exchanged": (lambda **case: generator_step(**case)[::-1], "The two networks came back in the other order."),
        "bias-at-rest": (_without_biases(generator_step), "The generator's bias has not moved. It is a weight, too."),
    },
)

TRAIN = exercise("ps04-5", "A generator of your own", points=4).network(
    train_generator,
    score=near_modes,
    at_least=(0.65, 0.75),
    measure="the share of generated points near a mode, where no mode counts for more than its fair share",
    shape=lambda truth: (1000, 2),
    expects="a generator: noise of shape (n, 2) → points of shape (n, 2)",
    section=LESSON + "3.-Stabilized-training",
    shown=_rings(np.random.default_rng(4)),
    draw=_rings,
    mistakes={
        "copies": (
            lambda truth, points: _are_copies(truth, points).mean() > 0.2,
            "These are points of the training data. A generator is to produce new ones.",
        ),
        "not-of-the-noise": (
            _not_of_the_noise,
            "Nearly the same noise gets points far apart: they are drawn, or stored, and not made from the noise.",
        ),
        "in-the-middle": (
            _in_the_middle,
            "Most points lie in the middle of the ring, nearer to the mean of all real points than to any mode. Has "
            "the generator been trained, and by the discriminator's score?",
        ),
        "collapsed": (
            _collapsed,
            "Mode collapse: in some modes there is hardly a point. What has the lesson done against that?",
        ),
    },
)

WHO = exercise("ps04-6", "Who is who", points=2).value(
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

QUESTION = exercise("ps04-7", "Two ways from here to there", points=2).by_hand(
    section=LESSON + "6.-Interpolation-in-latent-space"
)

EXERCISES = (LOSS, LOSSES, DISCRIMINATOR_STEP, GENERATOR_STEP, TRAIN, WHO, QUESTION)
