"""Problem set 7, on lesson 07: verbs, roles and frames."""

import numpy as np
from scipy.special import log_softmax

from vistext.exercises.exercise import discriminating, exercise

LESSON = "07_roles.ipynb#"
NO_ROLE = -1  # in place of a noun, where a verb has no such role


def measure_frames(
    verbs,
    nouns,
    true_verbs,
    true_nouns,
    *,
    needs_verb=True,
    given=np.any,
    mean=lambda right, has_role: (right.sum(axis=1) / has_role.sum(axis=1)).mean(),
    whole=lambda right, has_role: (right | ~has_role).all(axis=1),
):
    """Verb, value and value-all; `mean` makes value of which roles are right, of those which count."""
    has_role, hit = true_nouns[:, 0] != NO_ROLE, verbs == true_verbs
    counted = hit if needs_verb else np.ones_like(hit)
    right = given(true_nouns == nouns[:, np.newaxis], axis=1)
    value = mean(right & has_role & counted[:, np.newaxis], has_role)
    return np.array([hit.mean(), value, (whole(right, has_role) & counted).mean()])


def _one_annotator(verbs, nouns, true_verbs, true_nouns):
    alike = ((true_nouns == nouns[:, np.newaxis]) | (true_nouns == NO_ROLE)).all(axis=2).any(axis=1)
    measures = measure_frames(verbs, nouns, true_verbs, true_nouns)
    return np.array([*measures[:2], (alike & (verbs == true_verbs)).mean()])


def _some_frames(rng, n, annotators, roles):
    true_nouns = rng.integers(0, 4, (n, 1, roles)).repeat(annotators, axis=1)
    true_nouns = np.where(rng.random(true_nouns.shape) < 0.3, rng.integers(0, 4, true_nouns.shape), true_nouns)
    lacking = rng.random((n, roles)) < 0.3
    lacking[np.arange(n), rng.integers(0, roles, n)] = False
    true_nouns[np.broadcast_to(lacking[:, np.newaxis], true_nouns.shape)] = NO_ROLE
    nouns = np.where(rng.random((n, roles)) < 0.5, true_nouns[:, 0], true_nouns[:, -1])
    nouns = np.where((nouns == NO_ROLE) | (rng.random(nouns.shape) < 0.1), rng.integers(0, 4, nouns.shape), nouns)
    true_verbs = rng.integers(0, 5, n)
    verbs = np.where(rng.random(n) < 0.7, true_verbs, (true_verbs + 1) % 5)
    return {"verbs": verbs, "nouns": nouns, "true_verbs": true_verbs, "true_nouns": true_nouns}


def _frames(rng):
    cases = discriminating(MEASURE, rng, _some_frames, ((9, 3, 3), (12, 2, 4), (8, 3, 3), (10, 3, 2)))
    few = _some_frames(rng, 3, 1, 1)
    return [*cases, few | {"verbs": few["true_verbs"]}]


def frame_loss(
    verb_logits,
    noun_logits,
    verbs,
    nouns,
    has_role,
    *,
    logs=log_softmax,
    axis=-1,
    whole=lambda verb, roles, counts: (verb + (roles * counts).sum(axis=1) / counts.sum(axis=1)).mean(),
):
    """The mean loss of a frame; `whole` makes it of the losses of verbs and roles, and of which roles count."""
    verb = -np.take_along_axis(logs(verb_logits, axis=-1), verbs[:, np.newaxis], axis=-1)[:, 0]
    roles = -np.take_along_axis(logs(noun_logits, axis=axis), nouns[..., np.newaxis], axis=-1)[..., 0]
    return whole(verb, roles, has_role[verbs])


def _some_logits(rng, n, verbs, roles, nouns):
    has_role = rng.random((verbs, roles)) < 0.6
    has_role[np.arange(verbs), rng.integers(0, roles, verbs)] = True
    right = rng.integers(0, verbs, n), rng.integers(0, nouns, (n, roles))
    logits = (
        (np.eye(many)[each] + rng.normal(0, 1, (*each.shape, many))).round(2)
        for each, many in zip(right, (verbs, nouns), strict=True)
    )
    names = "verb_logits", "noun_logits", "verbs", "nouns", "has_role"
    return dict(zip(names, (*logits, *right, has_role), strict=True))


def _losses(rng):
    sizes = ((4, 3, 3, 5), (3, 5, 4, 3), (5, 4, 2, 6), (4, 4, 3, 4))
    return [*discriminating(FRAME_LOSS, rng, _some_logits, sizes), _some_logits(rng, 3, 2, 1, 2)]


def _total(verb_logs, agent_logs, place_logs):
    """[n, verbs], [n, verbs, agents], [n, verbs, agents, places] → of all frames [n, verbs, agents, places]."""
    return verb_logs[..., np.newaxis, np.newaxis] + agent_logs[..., np.newaxis] + place_logs


def _best(table):
    """[n, verbs, agents, places] → int [n, 3]"""
    return np.stack(np.unravel_index(table.reshape(len(table), -1).argmax(axis=1), table.shape[1:]), axis=1)


def most_probable_frame(verb_logs, agent_logs, place_logs):
    return _best(_total(verb_logs, agent_logs, place_logs))


def _greedy(verb_logs, agent_logs, place_logs):
    rows, verb = np.arange(len(verb_logs)), verb_logs.argmax(axis=1)
    agent = agent_logs[rows, verb].argmax(axis=1)
    return np.stack([verb, agent, place_logs[rows, verb, agent].argmax(axis=1)], axis=1)


def _slot_by_itself(verb_logs, agent_logs, place_logs):
    probabilities = np.exp(_total(verb_logs, agent_logs, place_logs))
    return np.stack([probabilities.sum(axis=axes).argmax(axis=1) for axes in ((2, 3), (1, 3), (1, 2))], axis=1)


def _greedy_place(verb_logs, agent_logs, place_logs):
    found = _best((verb_logs[..., np.newaxis] + agent_logs)[..., np.newaxis])
    rows, (verb, agent, _) = np.arange(len(found)), found.T
    return np.stack([verb, agent, place_logs[rows, verb, agent].argmax(axis=1)], axis=1)


def _some_decisions(rng, n, *sizes):
    shapes = (n, *sizes[:1]), (n, *sizes[:2]), (n, *sizes)
    while True:  # until no two frames are about equally probable
        logs = [log_softmax(rng.normal(0, 1.5, shape), axis=-1).round(3) for shape in shapes]
        *_, second, first = np.sort(_total(*logs).reshape(n, -1)).T
        if (first - second > 0.01).all():
            return dict(zip(("verb_logs", "agent_logs", "place_logs"), logs, strict=True))


def _decisions(rng):
    sizes = ((3, 4, 3, 5), (4, 3, 5, 3), (2, 5, 4, 3), (5, 3, 4, 4))
    return [*discriminating(DECODE, rng, _some_decisions, sizes), _some_decisions(rng, 1, 2, 3, 2)]


def encode_frames(frames, scene_of, scenes, sizes, *, begins=None, put=np.maximum):
    """A row of zeros and ones for each scene, with a column for each filler of each slot."""
    begins = np.cumsum([0, *sizes[:-1]]) if begins is None else begins(sizes)
    table = np.zeros((scenes, sum(sizes)))
    rows, slots = np.nonzero(frames >= 0)
    put.at(table, (scene_of[rows], begins[slots] + frames[rows, slots]), 1)
    return table


def _any_slot(frames, scene_of, scenes, sizes):
    words = encode_frames(frames, scene_of, scenes, [max(sizes)] * len(sizes)).reshape(scenes, len(sizes), -1)
    return np.concatenate([words.max(axis=1)[:, :size] for size in sizes], axis=1)


def _first_frames(frames, scene_of, scenes, sizes):
    _, first = np.unique(scene_of, return_index=True)
    return encode_frames(frames[first], scene_of[first], scenes, sizes)


def _some_scenes(rng, frames, scenes, *sizes):
    table = np.stack([rng.integers(0, size, frames) for size in sizes], axis=1)
    table[:, 1:][rng.random((frames, len(sizes) - 1)) < 0.25] = NO_ROLE
    return {"frames": table, "scene_of": rng.integers(0, scenes, frames), "scenes": scenes, "sizes": list(sizes)}


def _scenes(rng):
    sizes = ((7, 4, 3, 4, 2), (9, 4, 4, 3, 3), (8, 5, 2, 3, 3), (9, 3, 3, 5))
    return [*discriminating(ENCODE, rng, _some_scenes, sizes), _some_scenes(rng, 3, 1, 2, 2)]


AGENTS, TOOLS, PLACES, VERBS, ROLES = 4, 2, 4, 4, 3  # tools are so many for each agent; the last verb takes none
NOUNS = AGENTS + AGENTS * TOOLS + PLACES


def _events(rng, n, codes):
    """Scenes of seven regions in random order: three agents with a tool each, two of which do the same; and the place.

    Returns the inputs of a network, and frames [n, 2, 3] of the two agents, and the third one with its tool [n, 2].
    """
    verbs, agents = rng.integers(0, VERBS, n), np.argsort(rng.random((n, AGENTS)), axis=1)[:, :3]
    tools = AGENTS + TOOLS * agents + rng.integers(0, TOOLS, (n, 3))
    place = NOUNS - 1 - rng.integers(0, PLACES, (n, 1))
    doing = np.full((n, 7), VERBS)
    doing[:, :3] = np.stack([verbs, verbs, (verbs + rng.integers(1, VERBS, n)) % VERBS], axis=1)
    nouns = np.concatenate([agents, tools, place], axis=1)
    regions = codes[nouns] + np.concatenate([codes[NOUNS : NOUNS + VERBS], 0 * codes[:1]])[doing]
    regions = np.take_along_axis(regions, np.argsort(rng.random((n, 7)), axis=1)[..., np.newaxis], axis=1)
    regions += rng.normal(0, 0.3, regions.shape)
    tools = np.where((verbs == VERBS - 1)[:, np.newaxis], NO_ROLE, tools)
    frames = np.stack([np.stack([agents[:, i], tools[:, i], place[:, 0]], axis=1) for i in range(3)], axis=1)
    return {"regions": regions.astype(np.float32), "verbs": verbs.astype(np.int32)}, frames


def _roles(rng, scenes=1500, unseen=500):
    codes = 3 * np.linalg.qr(rng.normal(size=(NOUNS + VERBS, NOUNS + VERBS)))[0]
    given, frames = _events(rng, scenes, codes)
    chosen = frames[np.arange(scenes), rng.integers(0, 2, scenes)]
    asked, truth = _events(rng, unseen, codes)
    return [{"given": given | {"frames": chosen}, "asked": asked, "truth": truth}]


def train_role_decoder(regions, verbs, frames):
    import keras
    import numpy as np
    from keras import layers

    class PositionEmbedding(layers.Layer):
        def build(self, shape):
            self.table = self.add_weight(shape=shape[1:], initializer="random_normal")

        def call(self, x):
            return x + self.table

    def shift(frames):
        previous = np.where(frames < 0, NOUNS, frames)[:, :-1]
        return np.concatenate([np.full((len(frames), 1), NOUNS), previous], axis=1)

    inputs = {
        "regions": layers.Input(regions.shape[1:]),
        "verbs": layers.Input((), dtype="int32"),
        "previous": layers.Input((ROLES,), dtype="int32"),
    }
    cells = layers.Dense(32)(inputs["regions"])
    verb = layers.Reshape((1, 32))(layers.Embedding(VERBS, 32)(inputs["verbs"]))
    queries = PositionEmbedding()(layers.Embedding(NOUNS + 1, 32)(inputs["previous"]) + verb)
    queries = queries + layers.Dense(32)(layers.Dense(64, activation="relu")(queries))
    slots = queries + layers.MultiHeadAttention(2, 16)(queries, cells)
    network = keras.Model(inputs, layers.Dense(NOUNS)(layers.LayerNormalization()(slots)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=NO_ROLE)
    network.compile(keras.optimizers.Adam(0.004), loss)
    network.fit({"regions": regions, "verbs": verbs, "previous": shift(frames)}, frames, epochs=12, verbose=0)

    def fill(asked):
        found = np.zeros((len(asked["verbs"]), ROLES), int)
        for role in range(ROLES):
            logits = network.predict({**asked, "previous": shift(found)}, verbose=0)
            found[:, role] = logits[:, role].argmax(axis=-1)
        return found

    return fill


def _right(truth, outputs):
    """Which roles are those of the three agents' frames: [n, 3, roles]; what is no role of the verb is right."""
    return (outputs[:, np.newaxis] == truth) | (truth == NO_ROLE)


def _value_all(truth, outputs):
    return _right(truth, outputs)[:, :2].all(axis=2).any(axis=1).mean()


def _mixed(truth, outputs):
    right = _right(truth, outputs)[:, :2]
    return np.mean(right.any(axis=1).all(axis=1) & ~right.all(axis=2).any(axis=1)) >= 0.08


def _ignores_verbs(truth, outputs):
    return np.mean(outputs[:, 0] == truth[:, 2, 0]) >= 0.15


def _absent(truth, outputs):
    """Whether nouns are often those of no region, or those of other roles."""
    return np.mean(_right(truth, outputs).any(axis=1)) < 0.7


BY_HAND = exercise("ps07-1", "Value and value-all", points=1).value(
    "by_hand",
    [0.72, 0.5832],
    section=LESSON + "3.-How-right-is-a-frame?",
    expects="two numbers, 0 to 1: value, then value-all",
    mistakes={
        "gold-verb": ([0.9, 0.729], "So right are the nouns where the verb is. How often is it?"),
        "one-role": ([0.72, 0.72], "Value-all asks for all three nouns at once."),
        "exchanged": ([0.5832, 0.72], "Which of the two is the larger one?"),
        "all-as-value": ([0.5832, 0.5832], "Value gives a share for each noun, even where another one is wrong."),
        "verb-alone": ([0.8, 0.8], "That is how often the verb is right. Nouns may be wrong then."),
        "at-least-one": ([0.72, 0.7992], "So often is at least one noun right. All of them were asked for."),
        "taken-off": ([0.72, 0.56], "Three chances to be wrong are not simply added up."),
        "verb-three-times": ([0.72, 0.373248], "The verb is asked for once, not once for each noun."),
        "two-roles": ([0.72, 0.648], "One of the roles was forgotten."),
    },
)

MEASURE = exercise("ps07-2", "The measures of imSitu", points=3).function(
    measure_frames,
    section=LESSON + "5.-Results,-beside-those-on-photographs",
    expects="three numbers, 0 to 1: verb, value, value-all",
    shown=[
        {
            "verbs": np.array([3, 1, 0]),
            "nouns": np.array([[5, 2, 7], [4, 0, 7], [6, 1, 8]]),
            "true_verbs": np.array([3, 1, 2]),
            "true_nouns": np.array([[[5, 2, 9], [6, 2, 8]], [[4, -1, 9], [4, -1, 7]], [[6, 1, 8], [6, 1, 8]]]),
        }
    ],
    draw=_frames,
    mistakes={
        "verb-not-needed": ({"needs_verb": False}, "Nouns count although the verb is wrong. Whose agent would it be?"),
        "first-annotator": (
            {"true_nouns": lambda nouns: nouns[:, :1]},
            "Only the first annotator is asked. A noun is right if any of them gave it.",
        ),
        "all-annotators": ({"given": np.all}, "A noun counts only if all annotators gave it. One is enough."),
        "one-annotator": (
            _one_annotator,
            "For value-all, one annotator had to give the whole frame. Each noun may come from another one.",
        ),
        "no-such-role": (
            {"mean": lambda right, has_role: right.mean()},
            "A role that the verb does not have counts here. What does -1 stand for?",
        ),
        "pooled": (
            {"mean": lambda right, has_role: right.sum() / has_role.sum()},
            "All roles were put together, so that frames with many weigh more. First a share for each frame.",
        ),
        "how-many": (
            {"mean": lambda right, has_role: right.sum(axis=1).mean()},
            "Value is how many nouns are right. Which share is that?",
        ),
        "any-will-do": (
            {"whole": lambda right, has_role: (right & has_role).any(axis=1)},
            "Value-all is given as soon as one noun is right.",
        ),
        "of-right-verbs": (
            lambda **case: measure_frames(**case) / [1, *[measure_frames(**case)[0]] * 2],
            "Frames with a wrong verb were left out. They count, with 0.",
        ),
    },
)

FRAME_LOSS = exercise("ps07-3", "The loss of a frame", points=3).function(
    frame_loss,
    section=LESSON + "1.-A-frame",
    expects="one number, the mean loss of a frame",
    shown=[
        {
            "verb_logits": np.array([[2.0, 0], [1, 1]]),
            "noun_logits": np.array([[[0.0, 1, 3], [2, 0, 0]], [[1, 1, 1], [0, 4, 0]]]),
            "verbs": np.array([0, 1]),
            "nouns": np.array([[2, 0], [1, 2]]),
            "has_role": np.array([[True, True], [True, False]]),
        }
    ],
    draw=_losses,
    mistakes={
        "all-roles": (
            {"has_role": np.ones_like},
            "The network is trained on roles that the verb does not have. Which nouns stand there?",
        ),
        "divided-by-all": (
            {"whole": lambda verb, roles, counts: (verb + (roles * counts).mean(axis=1)).mean()},
            "The right roles are added up, and divided by the number of all. How many does this verb have?",
        ),
        "summed": (
            {"whole": lambda verb, roles, counts: (verb + (roles * counts).sum(axis=1)).mean()},
            "A frame of many roles weighs more here. A mean over its roles was asked for.",
        ),
        "pooled": (
            {"whole": lambda verb, roles, counts: verb.mean() + roles[counts].mean()},
            "The roles of all frames were put together. First a mean for each frame.",
        ),
        "verb-as-a-role": (
            {
                "whole": lambda verb, roles, counts: (
                    (verb + (roles * counts).sum(axis=1)) / (1 + counts.sum(axis=1))
                ).mean()
            },
            "The verb counts as one more role. It is to weigh as much as all roles together.",
        ),
        "no-verb": (
            {"whole": lambda verb, roles, counts: ((roles * counts).sum(axis=1) / counts.sum(axis=1)).mean()},
            "The verb is missing: nothing would train the network to predict it.",
        ),
        "softmax-over-roles": ({"axis": 1}, "Softmax went over the roles. What competes for one role?"),
        "no-softmax": (
            {"logs": lambda logits, axis: logits},
            "Logits are no logarithms of probabilities. What makes those add up to 1?",
        ),
        "sign": (lambda **case: -frame_loss(**case), "It falls where the frame becomes less probable. Mind the sign."),
    },
)

DECODE = exercise("ps07-4", "The most probable frame", points=3).function(
    most_probable_frame,
    section=LESSON + "By-hand:-the-probability-of-a-frame",
    expects="an array of whole numbers of shape (n, 3): verb, agent, place",
    shown=[
        {
            "verb_logs": np.log([[0.6, 0.4]]),
            "agent_logs": np.log([[[0.5, 0.5 - 1e-3, 1e-3], [0.1, 0.8, 0.1]]]),
            "place_logs": np.log([[[[0.6, 0.4], [0.7, 0.3], [0.5, 0.5]], [[0.2, 0.8], [0.05, 0.95], [0.5, 0.5]]]]),
        }
    ],
    draw=_decisions,
    mistakes={
        "greedy": (_greedy, "That is the greedy frame: the first slot is filled before the others have a say."),
        "slot-by-itself": (
            _slot_by_itself,
            "Each slot has its own most probable filler, whatever the others hold. Such frames are mixed.",
        ),
        "place-greedy": (
            _greedy_place,
            "Verb and agent were chosen together, and the place only then. It has a say in both.",
        ),
        "no-verb": (
            {"verb_logs": lambda logs: 0 * logs},
            "How probable the verb is was left out of the product.",
        ),
        "no-agent": ({"agent_logs": lambda logs: 0 * logs}, "How probable the agent is was left out of the product."),
        "no-place": ({"place_logs": lambda logs: 0 * logs}, "The place is always the first one. Where is its factor?"),
        "least": (
            lambda **case: most_probable_frame(**{name: -logs for name, logs in case.items()}),
            "That is the least probable frame.",
        ),
        "probabilities-added": (
            lambda **case: most_probable_frame(**{name: np.exp(logs) for name, logs in case.items()}),
            "Probabilities were added. It is their product that counts, or the sum of their logarithms.",
        ),
    },
)

ENCODE = exercise("ps07-5", "Roles as inputs", points=3).function(
    encode_frames,
    section=LESSON + "7.-Do-roles-help-with-language?",
    expects="a float array of shape (scenes, labels), of zeros and ones",
    shown=[
        {
            "frames": np.array([[1, 2, -1], [0, 2, 1], [1, 0, -1], [1, 2, 0]]),
            "scene_of": np.array([0, 2, 2, 2]),
            "scenes": 4,
            "sizes": [2, 3, 2],
        }
    ],
    draw=_scenes,
    mistakes={
        "counted": ({"put": np.add}, "It counts how often. Whether it is so was asked."),
        "one-frame-each": (_first_frames, "Only the first frame of each scene is encoded."),
        "no-offset": (
            {"begins": lambda sizes: np.zeros(len(sizes), int)},
            "All slots share the first columns. Where do those of the second slot begin?",
        ),
        "in-any-slot": (_any_slot, "A filler counts in whichever slot it stands. Each slot has its own columns."),
        "verbs-alone": (
            {"frames": lambda frames: np.where(np.arange(frames.shape[1]) > 0, -1, frames)},
            "Only verbs are encoded. Who acts, and where?",
        ),
        "none-as-filler": (
            {"frames": lambda frames: np.maximum(frames, 0)},
            "Where a frame has no filler, the first one is encoded. What does -1 stand for?",
        ),
        "all-scenes": (
            lambda scenes, **case: np.tile(encode_frames(scenes=scenes, **case).max(axis=0), (scenes, 1)),
            "Every scene has the frames of all. Which rows belong to which scene?",
        ),
        "inverted": (lambda **case: 1 - encode_frames(**case), "Zeros and ones are exchanged."),
    },
)

ROLE_DECODER = exercise("ps07-6", "A role decoder", points=5).network(
    train_role_decoder,
    score=_value_all,
    at_least=0.85,
    measure="value-all, the share of unseen scenes in which the whole frame is right",
    shape=lambda truth: (len(truth), ROLES),
    expects="a network that gives a noun for each of three roles",
    section=LESSON + "Write-it",
    shown=_roles(np.random.default_rng(7)),
    draw=_roles,
    mistakes={
        "absent": (
            _absent,
            "Many of its nouns are in no region, or belong to another role. What does it get from the regions?",
        ),
        "ignores-verb": (
            _ignores_verbs,
            "Its agent is often somebody who does something else. Where does the verb come in?",
        ),
        "mixed": (
            _mixed,
            "Agent and tool are those of two different people: the frames are mixed. What should the tool depend on?",
        ),
    },
)

QUESTION = exercise("ps07-7", "Which network is right?", points=2).by_hand(LESSON + "6.-Two-networks-on-one-picture")

EXERCISES = (BY_HAND, MEASURE, FRAME_LOSS, DECODE, ENCODE, ROLE_DECODER, QUESTION)
