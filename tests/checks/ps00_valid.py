"""What is valid for the exercises of problem set 0, drawn far and wide."""

from mutation import valid


@valid("ps00-1")
def findings(rng):
    cases = [{"findings": []}]
    for count in (1, 2, 3, 8):
        states = rng.choice(["ready", "mend", "optional"], count)
        remedies = rng.choice(["", "install it", "vistext doctor: see there"], count)
        subjects = rng.choice(["memory", "Python", "NumPy", "a folder"], count)  # one may come twice
        names = ("subject", "state", "remedy")
        found = [dict(zip(names, map(str, one), strict=True)) for one in zip(subjects, states, remedies, strict=True)]
        cases.append({"findings": found})
    return cases
