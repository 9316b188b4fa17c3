"""Answers to problem set 4, as students write them."""

from copy import deepcopy

import numpy as np
from answers import BARELY_WRONG, RIGHT, WRONG, values, vary
from scipy.cluster.vq import kmeans
from scipy.special import log_expit

from vistext import exercises

values(
    "ps04-1",
    right=[2 * np.log(2), 1.39, 1.386, np.float32(1.3863)],
    wrong={
        "one-half-of-it": 0.693,
        "base-ten": 0.602,
        "no-minus": -1.386,
        "multiplied": 0.48,
        "wrong-type": "1.39",
        "other": 3.14,
    },
)


def by_the_library(on_real, on_generated):
    away = log_expit(-on_generated).mean()
    return np.array([-log_expit(on_real).mean() - away, away, -log_expit(on_generated).mean()])


def by_hand_for_large_scores(on_real, on_generated):
    def entropy(score):  # -log of the sigmoid
        return -score + np.log1p(np.exp(score)) if score < 0 else np.log1p(np.exp(-score))

    real = sum(map(entropy, on_real)) / len(on_real)
    away = sum(entropy(-score) for score in on_generated) / len(on_generated)
    return real + away, -away, sum(map(entropy, on_generated)) / len(on_generated)


def entropies(on_real, on_generated):
    """What the discriminator loses on real ones, and on generated ones, and the generator."""
    return np.logaddexp(0, -on_real), np.logaddexp(0, on_generated), np.logaddexp(0, -on_generated)


def of_means(
    on_real, on_generated, combine=lambda real, away, generated: [real + away, -away, generated], mean=np.mean
):
    return combine(*map(mean, entropies(on_real, on_generated)))


def with_probabilities(on_real, on_generated, clip=0.0):
    real, generated = (np.clip(1 / (1 + np.exp(-scores)), clip, 1 - clip) for scores in (on_real, on_generated))
    away = np.mean(np.log(1 - generated))
    return [-np.mean(np.log(real)) - away, away, -np.mean(np.log(generated))]


RIGHT["ps04-2"] = [by_the_library, by_hand_for_large_scores, of_means]
BARELY_WRONG["ps04-2"] = {
    "to two decimals": lambda **case: np.round(by_the_library(**case), 2),
    "linear from thirty on": vary(of_means, mean=lambda losses: np.minimum(losses, 30).mean()),
}
WRONG["ps04-2"] = {
    "overflow": with_probabilities,
    "clipped": vary(with_probabilities, clip=1e-7),
    "halved": vary(of_means, combine=lambda real, away, generated: [(real + away) / 2, -away, generated]),
    "all-in-one-mean": lambda **case: [np.concatenate(entropies(**case)[:2]).mean(), *by_the_library(**case)[1:]],
    "sums": vary(of_means, mean=np.sum),
    "discriminator-turned": lambda on_real, on_generated: [
        by_the_library(-on_real, -on_generated)[0],
        *by_the_library(on_real, on_generated)[1:],
    ],
    "sign-of-the-original": vary(of_means, combine=lambda real, away, generated: [real + away, away, generated]),
    "generators-exchanged": vary(of_means, combine=lambda real, away, generated: [real + away, generated, -away]),
    "generator-on-real": lambda on_real, on_generated: [
        by_the_library(on_real, on_generated)[0],
        *by_the_library(on_generated, on_real)[1:],
    ],
    "wrong-shape": vary(of_means, combine=lambda real, away, generated: real + away),
}


def softplus(scores):
    return np.logaddexp(0, scores)


def apply(layer, x):
    kernel, bias = layer
    return x @ kernel + bias


def descended(loss, layer, learning_rate):
    """A layer after a step, each derivative a difference quotient."""
    moved = [weights.copy() for weights in layer]
    for part, weights in enumerate(layer):
        for at in np.ndindex(weights.shape):
            above, below = deepcopy(layer), deepcopy(layer)
            above[part][at] += 1e-5
            below[part][at] -= 1e-5
            moved[part][at] -= learning_rate * (loss(above) - loss(below)) / 2e-5
    return moved


def binary_cross_entropy(on_real, on_generated):
    return softplus(-on_real).mean() + softplus(on_generated).mean()


def by_differences(
    generator,
    discriminator,
    real,
    noise,
    learning_rate,
    *,
    loss=binary_cross_entropy,
    generate=apply,
    back=lambda generator, discriminator: [generator, discriminator],
    of_generator=lambda total, generator, learning_rate: generator,
):
    """The discriminator's step; `of_generator` may change the generator, too, and `back` what comes back."""

    def total(generator, discriminator):
        return loss(apply(discriminator, real), apply(discriminator, generate(generator, noise)))

    moved = descended(lambda layer: total(generator, layer), discriminator, learning_rate)
    generator = of_generator(lambda layer: total(layer, discriminator), generator, learning_rate)
    return back(generator, moved)


def by_tape(generator, discriminator, real, noise, learning_rate):
    import tensorflow as tf

    kernel, bias = map(tf.Variable, discriminator)
    with tf.GradientTape() as tape:
        on_real, on_generated = real @ kernel + bias, apply(generator, noise) @ kernel + bias
        loss = tf.reduce_mean(tf.nn.softplus(-on_real)) + tf.reduce_mean(tf.nn.softplus(on_generated))
    for weights, gradient in zip((kernel, bias), tape.gradient(loss, (kernel, bias)), strict=True):
        weights.assign_sub(learning_rate * gradient)
    return [generator, [kernel, bias]]


def point_by_point(generator, discriminator, real, noise, learning_rate):
    kernel, bias = (weights.copy() for weights in discriminator)
    generated = [apply(generator, z) for z in noise]
    for points, target in ((real, 1), (generated, 0)):
        for point in points:
            error = 1 / (1 + np.exp(-apply(discriminator, point))) - target
            kernel -= learning_rate * error * point[:, np.newaxis] / len(points)
            bias -= learning_rate * error / len(points)
    return generator, (kernel, bias)


RIGHT["ps04-3"] = [by_differences, by_tape, point_by_point]
WRONG["ps04-3"] = {
    "both-updated": vary(by_differences, of_generator=descended),
    "alone": vary(by_differences, back=lambda generator, discriminator: discriminator),
    "ascent": vary(by_differences, loss=lambda *scores: -binary_cross_entropy(*scores)),
    "swapped": vary(by_differences, loss=lambda *scores: binary_cross_entropy(*scores[::-1])),
    "real-alone": vary(by_differences, loss=lambda on_real, on_generated: softplus(-on_real).mean()),
    "generated-alone": vary(by_differences, loss=lambda on_real, on_generated: softplus(on_generated).mean()),
    "one-mean": vary(by_differences, loss=lambda *scores: softplus(np.concatenate([-scores[0], scores[1]])).mean()),
    "sums": vary(by_differences, loss=lambda *scores: softplus(-scores[0]).sum() + softplus(scores[1]).sum()),
    "noise-as-points": vary(by_differences, generate=lambda generator, noise: noise),
    "whole-gradient": vary(by_differences, learning_rate=1),
    "exchanged": vary(by_differences, back=lambda generator, discriminator: [discriminator, generator]),
    "bias-at-rest": lambda discriminator, **case: [
        case["generator"],
        [by_differences(discriminator=discriminator, **case)[1][0], discriminator[1]],
    ],
}


def by_chain_rule(
    generator,
    discriminator,
    noise,
    learning_rate,
    *,
    loss=lambda score: softplus(-score).mean(),
    kernel_back=lambda kernel: kernel,
    back=lambda generator, discriminator, moved: [generator, discriminator],
):
    """The generator's step; the derivative of the loss by each score is a difference quotient."""
    points = apply(generator, noise)
    scores, gradient = apply(discriminator, points), []
    for row in range(len(scores)):
        nudge = 1e-5 * (np.arange(len(scores)) == row)[:, np.newaxis]
        gradient.append((loss(scores + nudge) - loss(scores - nudge)) / 2e-5 * kernel_back(discriminator[0])[:, 0])
    new = [generator[0] - learning_rate * noise.T @ gradient, generator[1] - learning_rate * np.sum(gradient, axis=0)]
    return back(new, discriminator, descended(lambda layer: loss(apply(layer, points)), discriminator, learning_rate))


def weight_by_weight(generator, discriminator, noise, learning_rate):
    def loss(layer):
        return -np.log(1 / (1 + np.exp(-apply(discriminator, apply(layer, noise))))).mean()

    return descended(loss, generator, learning_rate), discriminator


def by_keras(generator, discriminator, noise, learning_rate):
    import keras
    import tensorflow as tf

    generate, score = keras.layers.Dense(2, dtype="float64"), keras.layers.Dense(1, dtype="float64")
    score(generate(noise))
    generate.set_weights(generator)
    score.set_weights(discriminator)
    with tf.GradientTape() as tape:
        loss = keras.losses.BinaryCrossentropy(from_logits=True)(np.ones((len(noise), 1)), score(generate(noise)))
    weights = generate.trainable_variables
    keras.optimizers.SGD(learning_rate).apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
    return [generate.get_weights(), score.get_weights()]


RIGHT["ps04-4"] = [by_chain_rule, weight_by_weight, by_keras]
WRONG["ps04-4"] = {
    "both-updated": vary(by_chain_rule, back=lambda new, discriminator, moved: [new, moved]),
    "discriminator-updated": lambda generator, **case: [
        generator,
        by_chain_rule(generator, **case, back=lambda new, discriminator, moved: moved),
    ],
    "alone": vary(by_chain_rule, back=lambda new, discriminator, moved: new),
    "ascent": vary(by_chain_rule, loss=lambda score: -softplus(-score).mean()),
    "saturating": vary(by_chain_rule, loss=lambda score: -softplus(score).mean()),
    "target-zero": vary(by_chain_rule, loss=lambda score: softplus(score).mean()),
    "no-logarithm": vary(by_chain_rule, loss=lambda score: -(1 / (1 + np.exp(-score))).mean()),
    "not-through-the-discriminator": vary(by_chain_rule, kernel_back=np.ones_like),
    "sums": vary(by_chain_rule, loss=lambda score: softplus(-score).sum()),
    "whole-gradient": vary(by_chain_rule, learning_rate=1),
    "exchanged": vary(by_chain_rule, back=lambda new, discriminator, moved: [discriminator, new]),
    "bias-at-rest": lambda generator, **case: [
        [by_chain_rule(generator, **case)[0][0], generator[1]],
        case["discriminator"],
    ],
}


def trained(real, *, d_loss, g_loss, momentum=0.5, penalty=0.0, averaging=0.99, steps=1000, learning_rate=2e-3):
    """A generator after adversarial training; losses of the scores of real and generated points."""
    from vistext.nn.engine import keras, tf

    keras.utils.set_random_seed(1)
    networks = [
        keras.Sequential(
            [
                keras.layers.Input((2,)),
                *[keras.layers.Dense(64, activation="relu") for _ in range(2)],
                keras.layers.Dense(outputs),
            ]
        )
        for outputs in (2, 1)
    ]
    (generator, discriminator), points = networks, tf.constant(real)
    optimizers = [keras.optimizers.Adam(learning_rate, beta_1=momentum, beta_2=0.99) for _ in networks]
    averages = [tf.Variable(weight) for weight in generator.weights]

    @tf.function
    def step():
        batch = tf.gather(points, tf.random.uniform((128,), 0, len(real), tf.int32))
        for number in (1, 0):
            with tf.GradientTape() as tape:
                on_generated = discriminator(generator(tf.random.normal((128, 2))))
                if number:
                    with tf.GradientTape() as inner:
                        inner.watch(batch)
                        on_real = discriminator(batch)
                    loss = d_loss(on_real, on_generated)
                    loss += penalty * tf.reduce_mean(tf.reduce_sum(inner.gradient(on_real, batch) ** 2, axis=1))
                else:
                    loss = g_loss(on_generated)
            weights = networks[number].trainable_variables
            optimizers[number].apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        for average, weight in zip(averages, generator.weights, strict=True):
            average.assign(averaging * average + (1 - averaging) * weight)

    for _ in range(steps):
        step()
    generator.set_weights([average.numpy() for average in averages])
    return generator


def with_a_gradient_penalty(real, **options):
    import keras

    entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    losses = {
        "d_loss": lambda on_real, on_generated: entropy(1 + 0 * on_real, on_real) + entropy(0 * on_real, on_generated),
        "g_loss": lambda on_generated: entropy(1 + 0 * on_generated, on_generated),
    }
    return trained(real, **losses | {"penalty": 0.1} | options)


def with_the_hinge_loss(real):
    from keras import ops

    return trained(
        real,
        d_loss=lambda on_real, on_generated: ops.mean(ops.relu(1 - on_real)) + ops.mean(ops.relu(1 + on_generated)),
        g_loss=lambda on_generated: -ops.mean(on_generated),
        penalty=0.05,
    )


def by_moving_noise_to_clusters(real):
    """No adversary: the angle of the noise chooses a cluster, and its length a place in it."""
    centers, _ = kmeans(real.astype(float), 8, iter=50, seed=0)

    def generator(noise):
        angles = np.arctan2(*np.asarray(noise, float).T) / (2 * np.pi) % 1 * 8
        spread = np.stack([np.sin(2 * np.pi * angles), np.cos(2 * np.pi * angles)], axis=1)
        return centers[angles.astype(int)] + 0.1 * np.linalg.norm(noise, axis=1)[:, np.newaxis] * spread

    return generator


def vanilla(real):
    return with_a_gradient_penalty(real, momentum=0.9, penalty=0, averaging=0)


def by_regression(real):
    """Noise and real points are paired at random, and the squared error is made small."""
    noise = np.random.default_rng(0).normal(size=real.shape)
    weights = np.linalg.lstsq(noise, real, rcond=None)[0]
    return lambda asked: asked @ weights


def blurred(real):
    rng = np.random.default_rng(0)
    return lambda noise: rng.choice(real, len(noise)) + rng.normal(0, 0.02, noise.shape)


def uniform_on_the_ring(real):
    radius = np.linalg.norm(real, axis=1).mean()
    return lambda noise: radius * noise / np.linalg.norm(noise, axis=1, keepdims=True)


RIGHT["ps04-5"] = [
    exercises.find("ps04-5").solve,
    with_a_gradient_penalty,
    with_the_hinge_loss,
    by_moving_noise_to_clusters,
]
WRONG["ps04-5"] = {
    "collapsed": vanilla,
    "in-the-middle": by_regression,
    "not-of-the-noise": blurred,
    "copies": lambda real: lambda noise: real[: len(noise)],
    "other": uniform_on_the_ring,
    "wrong-shape": lambda real: lambda noise: noise[:, :1],
    "returns-nothing": lambda real: None,
}

values(
    "ps04-6",
    right=["EACDB", "eacdb", "E A C D B", "E, A, C, D, B"],
    wrong={"wrong-letters": "EACDBB", "other": "CABED", "wrong-type": 5},
)
