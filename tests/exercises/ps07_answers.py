"""Answers to problem set 7, as students write them."""

from itertools import product

import numpy as np
from answers import RIGHT, WRONG, values, vary
from scipy.special import log_softmax

from vistext.nn.engine import keras

layers, ops = keras.layers, keras.ops

values(
    "ps07-1",
    right=[[0.72, 0.5832], (0.72, 0.5832), 0.8 * np.array([0.9, 0.9**3]), np.float32([0.72, 0.5832])],
    wrong={"wrong-type": "0.72, 0.5832", "wrong-shape": 0.72, "other": [0.7, 0.6]},
)


def share(hits):
    return sum(hits) / len(hits)


def frame_by_frame(
    verbs, nouns, true_verbs, true_nouns, *, needs_verb=True, given=any, skip=-1, value=share, whole=all, only=False
):
    rows = []
    for verb, fillers, true_verb, annotated in zip(verbs, nouns, true_verbs, true_nouns, strict=True):
        hits = [
            given(answer == noun for answer in answers)
            for noun, answers in zip(fillers, annotated.T, strict=True)
            if answers[0] != skip
        ]
        right = verb == true_verb
        counts = right or not needs_verb
        if right or not only:
            rows.append([right, counts * value(hits), counts and whole(hits)])
    return np.mean(rows, axis=0) if not only else [np.mean(np.equal(verbs, true_verbs)), *np.mean(rows, axis=0)[1:]]


def with_nan(verbs, nouns, true_verbs, true_nouns, *, mean=lambda right: np.nanmean(right, axis=1).mean()):
    right = np.where(true_nouns[:, 0] < 0, np.nan, (true_nouns == nouns[:, None]).max(axis=1))
    hit = verbs == true_verbs
    return hit.mean(), mean(right * hit[:, None]), np.mean(np.nanmin(right, axis=1) * hit)


def sums_of_masks(verbs, nouns, true_verbs, true_nouns):
    asked = true_nouns.min(axis=1) >= 0
    right = asked & np.logical_or.reduce([nouns == column for column in np.moveaxis(true_nouns, 1, 0)])
    right[verbs != true_verbs] = False
    found, wanted = right.sum(1), asked.sum(1)
    return [np.mean(verbs == true_verbs), np.mean(found / wanted), np.mean(found == wanted)]


def one_annotator(verbs, nouns, true_verbs, true_nouns):
    each = [
        frame_by_frame(*frame)
        for frame in zip(*(np.split(x, len(x)) for x in (verbs, nouns, true_verbs, true_nouns)), strict=True)
    ]
    best = [
        max(frame_by_frame(verb, noun, true_verb, one[None, None])[2] for one in annotated[0])
        for verb, noun, true_verb, annotated in zip(
            *(np.split(x, len(x)) for x in (verbs, nouns, true_verbs, true_nouns)), strict=True
        )
    ]
    return [*np.mean(each, axis=0)[:2], np.mean(best)]


RIGHT["ps07-2"] = [frame_by_frame, with_nan, sums_of_masks]
WRONG["ps07-2"] = {
    "verb-not-needed": vary(frame_by_frame, needs_verb=False),
    "first-annotator": vary(frame_by_frame, true_nouns=lambda nouns: nouns[:, :1]),
    "all-annotators": vary(frame_by_frame, given=all),
    "one-annotator": one_annotator,
    "no-such-role": vary(with_nan, mean=lambda right: np.nansum(right) / right.size),
    "pooled": vary(with_nan, mean=np.nanmean),
    "how-many": vary(frame_by_frame, value=sum),
    "of-right-verbs": vary(frame_by_frame, only=True),
    "any-will-do": vary(frame_by_frame, whole=any),
    "wrong-shape": lambda **case: frame_by_frame(**case)[:2],
}


def role_by_role(
    verb_logits, noun_logits, verbs, nouns, has_role, *, share=lambda losses, roles: sum(losses) / len(losses), verb=1
):
    def loss(logits, target):
        return np.log(np.exp(logits).sum()) - logits[target]

    total = 0
    for n, true_verb in enumerate(verbs):
        losses = [loss(noun_logits[n, r], nouns[n, r]) for r in np.flatnonzero(has_role[true_verb])]
        total += verb * loss(verb_logits[n], true_verb) + share(losses, has_role.shape[1])
    return total / len(verbs)


def by_keras(verb_logits, noun_logits, verbs, nouns, has_role):
    def loss(logits, targets):
        return -ops.sum(ops.one_hot(targets, logits.shape[-1], dtype="float64") * ops.log_softmax(logits), axis=-1)

    mask = has_role[verbs]
    return ops.mean(loss(verb_logits, verbs) + ops.sum(loss(noun_logits, nouns) * mask, axis=1) / mask.sum(axis=1))


def by_masked_arrays(
    verb_logits,
    noun_logits,
    verbs,
    nouns,
    has_role,
    *,
    axis=2,
    logs=log_softmax,
    roles=lambda found: found.mean(axis=1),
):
    rows, places = np.indices(nouns.shape)
    found = np.ma.array(-logs(noun_logits, axis=axis)[rows, places, nouns], mask=~has_role[verbs])
    return float((roles(found) - logs(verb_logits, axis=1)[rows[:, 0], verbs]).mean())


RIGHT["ps07-3"] = [role_by_role, by_keras, by_masked_arrays]
WRONG["ps07-3"] = {
    "all-roles": vary(by_masked_arrays, has_role=np.ones_like),
    "divided-by-all": vary(role_by_role, share=lambda losses, roles: sum(losses) / roles),
    "summed": vary(role_by_role, share=lambda losses, roles: sum(losses)),
    "pooled": vary(by_masked_arrays, roles=lambda found: found.mean()),
    "verb-as-a-role": lambda verb_logits, noun_logits, verbs, nouns, has_role: np.mean(
        [
            (role_by_role(*one, has_role, share=lambda losses, roles: sum(losses))) / (1 + has_role[one[2][0]].sum())
            for one in zip(*(np.split(x, len(x)) for x in (verb_logits, noun_logits, verbs, nouns)), strict=True)
        ]
    ),
    "no-verb": vary(role_by_role, verb=0),
    "softmax-over-roles": lambda **case: (
        by_masked_arrays(**case, axis=1)
        + log_softmax(case["verb_logits"], axis=1)[np.arange(len(case["verbs"])), case["verbs"]].mean()
        - log_softmax(case["verb_logits"], axis=1)[np.arange(len(case["verbs"])), case["verbs"]].mean()
    ),
    "no-softmax": vary(by_masked_arrays, logs=lambda logits, axis: logits),
    "sign": lambda **case: -role_by_role(**case),
    "wrong-shape": vary(role_by_role, share=lambda losses, roles: np.mean(losses) * np.ones(2)),
}


def every_frame(verb_logs, agent_logs, place_logs, *, start=0, best=max, parts=(1, 1, 1)):
    found = []
    for n, logs in enumerate(place_logs):
        frames = product(*map(range, logs.shape))
        found.append(
            best(
                frames,
                key=lambda f: parts[0] * verb_logs[n, f[0]] + parts[1] * agent_logs[n, f[0], f[1]] + parts[2] * logs[f],
            )
        )
    return found


def from_the_last_slot(verb_logs, agent_logs, place_logs):
    """The best place of each agent, then the best agent of each verb (Viterbi's way)."""
    places = agent_logs + place_logs.max(axis=3)
    agents = verb_logs + places.max(axis=2)
    rows, verb = np.arange(len(verb_logs)), agents.argmax(axis=1)
    agent = places[rows, verb].argmax(axis=1)
    return np.array([verb, agent, place_logs[rows, verb, agent].argmax(axis=1)]).T


def by_products(verb_logs, agent_logs, place_logs):
    found = np.einsum("nv,nva,nvap->nvap", *map(np.exp, (verb_logs, agent_logs, place_logs)))
    return [[int(axis[0]) for axis in np.where(table == table.max())] for table in found]


def greedy(verb_logs, agent_logs, place_logs, choose=np.argmax):
    found = []
    for verbs, agents, places in zip(verb_logs, agent_logs, place_logs, strict=True):
        verb = choose(verbs)
        found.append([verb, (agent := choose(agents[verb])), choose(places[verb, agent])])
    return found


def marginals(verb_logs, agent_logs, place_logs):
    verb = np.exp(verb_logs)
    agent = np.einsum("nv,nva->na", verb, np.exp(agent_logs))
    place = np.einsum("nv,nva,nvap->np", verb, np.exp(agent_logs), np.exp(place_logs))
    return np.stack([each.argmax(axis=1) for each in (verb, agent, place)], axis=1)


def place_last(verb_logs, agent_logs, place_logs):
    pairs = [frame[:2] for frame in every_frame(verb_logs, agent_logs, place_logs, parts=(1, 1, 0))]
    return [[*pair, places[pair].argmax()] for pair, places in zip(pairs, place_logs, strict=True)]


RIGHT["ps07-4"] = [every_frame, from_the_last_slot, by_products]
WRONG["ps07-4"] = {
    "greedy": greedy,
    "slot-by-itself": marginals,
    "place-greedy": place_last,
    "no-verb": vary(every_frame, parts=(0, 1, 1)),
    "no-agent": vary(every_frame, parts=(1, 0, 1)),
    "no-place": vary(every_frame, parts=(1, 1, 0)),
    "least": vary(every_frame, best=min),
    "probabilities-added": lambda **case: every_frame(**{name: np.exp(logs) for name, logs in case.items()}),
    "wrong-shape": lambda **case: np.transpose(every_frame(**case))[:2],
}


def filler_by_filler(frames, scene_of, scenes, sizes, *, offset=sum, skip=range(0), put=lambda before: 1.0):
    table = [[0.0] * sum(sizes) for _ in range(scenes)]
    for frame, scene in zip(frames, scene_of, strict=True):
        for slot, filler in enumerate(frame):
            if filler >= 0 and slot not in skip:
                column = offset(sizes[:slot]) + filler
                table[scene][column] = put(table[scene][column])
    return table


def by_one_hot(frames, scene_of, scenes, sizes):
    rows = np.hstack([frames[:, [slot]] == np.arange(size) for slot, size in enumerate(sizes)])
    return np.array([rows[scene_of == scene].any(axis=0) for scene in range(scenes)])


def by_two_products(frames, scene_of, scenes, sizes):
    rows = np.concatenate([np.eye(size + 1)[frames[:, slot]][:, :-1] for slot, size in enumerate(sizes)], axis=1)
    return np.minimum(np.eye(scenes)[:, scene_of] @ rows, 1)


def in_any_slot(frames, scene_of, scenes, sizes):
    labels = [filler for size in sizes for filler in range(size)]
    return [[float((frames[scene_of == scene] == filler).any()) for filler in labels] for scene in range(scenes)]


def firsts(scene_of):
    return [scene not in scene_of[:place] for place, scene in enumerate(scene_of.tolist())]


RIGHT["ps07-5"] = [filler_by_filler, by_one_hot, by_two_products]
WRONG["ps07-5"] = {
    "counted": vary(filler_by_filler, put=lambda before: before + 1),
    "one-frame-each": lambda frames, scene_of, **case: filler_by_filler(
        frames[firsts(scene_of)], scene_of[firsts(scene_of)], **case
    ),
    "no-offset": vary(filler_by_filler, offset=lambda sizes: 0),
    "in-any-slot": in_any_slot,
    "verbs-alone": vary(filler_by_filler, skip=range(1, 9)),
    "none-as-filler": vary(filler_by_filler, frames=lambda frames: abs(frames) * (frames > 0)),
    "all-scenes": lambda scenes, **case: [np.max(filler_by_filler(scenes=scenes, **case), axis=0)] * scenes,
    "inverted": lambda **case: 1 - np.array(filler_by_filler(**case)),
    "wrong-shape": lambda **case: by_one_hot(**case).T[:1],
}


class Slots(layers.Layer):
    """Three roles' queries, each of the verb and the noun before it."""

    def __init__(self, width):
        super().__init__()
        self.roles, self.verbs, self.nouns = (layers.Embedding(many, width) for many in (3, 5, 17))
        self.mix = keras.Sequential([layers.Dense(2 * width, activation="relu"), layers.Dense(width)])

    def call(self, verbs, previous):  # int [n], int [n, 3] → [n, 3, width]
        return self.mix(self.roles(ops.arange(3)) + self.verbs(verbs)[:, None] + self.nouns(previous))


def role_network(
    regions, verbs, frames, *, width=48, before=True, attend=True, optimizer="adam", epochs=15, rate=0.004
):
    """A network that fills role by role; or all at once, where nothing before counts."""
    inputs = {"regions": layers.Input(regions.shape[1:]), "verbs": layers.Input((), dtype="int32")}
    inputs["previous"] = layers.Input((3,), dtype="int32")
    slots = Slots(width)(inputs["verbs"], inputs["previous"])
    if attend:
        cells = layers.Dense(width)(inputs["regions"])
        weights = ops.softmax(ops.matmul(slots, ops.swapaxes(cells, 1, 2)) / width**0.5)
        slots = slots + ops.matmul(weights, layers.Dense(width)(inputs["regions"]))
    network = keras.Model(inputs, layers.Dense(16)(slots))
    network.compile(
        keras.optimizers.get({"class_name": optimizer, "config": {"learning_rate": rate}}),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1),
    )

    def shifted(frames):
        moved = np.concatenate([np.full((len(frames), 1), 16), frames[:, :2]], axis=1)
        return np.where((moved < 0) | (not before), 16, moved)

    given = {"regions": regions, "verbs": verbs, "previous": shifted(frames)}
    if epochs:
        network.fit(given, frames, 32, epochs, verbose=0)

    def fill(asked):
        filled = np.zeros((len(asked["verbs"]), 3), int)
        for role in range(3):
            filled[:, role] = np.argmax(network({**asked, "previous": shifted(filled)})[:, role], axis=1)
        return filled

    return fill


def without_verbs(regions, verbs, frames):
    fill = role_network(regions, 0 * verbs, frames)
    return lambda asked: fill(asked | {"verbs": 0 * asked["verbs"]})


def with_rmsprop(regions, verbs, frames):
    return role_network(regions, verbs, frames, optimizer="rmsprop", width=64, rate=0.003)


def with_more_units(regions, verbs, frames):
    return role_network(regions, verbs, frames, optimizer="nadam", width=96, rate=0.002)


RIGHT["ps07-6"] = [role_network, with_rmsprop, with_more_units]
WRONG["ps07-6"] = {
    "mixed": vary(role_network, before=False),
    "ignores-verb": without_verbs,
    "absent": vary(role_network, attend=False),
    "no-network": lambda regions, verbs, frames: frames,
}
