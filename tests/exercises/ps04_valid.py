"""What is valid for the exercises of problem set 4, drawn far and wide."""

from mutation import valid


@valid("ps04-2")
def scores(rng):
    sizes = ((1, 1), (1, 3), (4, 2), (5, 5))
    each = [[rng.normal(0, rng.choice([1, 10, 900]), n) for n in pair] for pair in sizes]
    return [{"on_real": real, "on_invented": invented} for real, invented in each]


@valid("ps04-3")
def clouds(rng):
    cases = []
    for modes in (1, 2, 3, 4, 8):
        places = rng.permutation([(x, y) for x in range(-3, 4) for y in range(-3, 4)])[:modes]
        centres = places * 2.0
        n = int(rng.integers(1, 9)) * modes + int(rng.integers(0, modes))
        at = rng.integers(0, rng.integers(1, modes + 1), n)
        away = rng.choice([(0.0, 0.0), (0.625, 0.0), (0.375, 0.5), (0.5, 0.5), (0.0, -0.75), (-0.25, 0.25)], n)
        cases.append({"points": centres[at] + away, "centres": centres, "near": float(rng.choice([0.625, 0.5]))})
    return cases


@valid("ps04-4")
def histories(rng):
    sizes = ((1, 1), (1, 3), (2, 2), (3, 1), (5, 4))
    keep = [float(rng.choice([0.0, 0.25, 0.5, 0.9, 1.0])) for _ in sizes]
    return [{"weights": rng.normal(size=size), "keep": one} for size, one in zip(sizes, keep, strict=True)]
