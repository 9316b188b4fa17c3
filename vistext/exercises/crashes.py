"""What to look at again where an answer has stopped: by the kind of its exception, and by words of the message."""

import re

STOPPED = "It stopped before it could answer. Run it by itself with the case above, and look where."
TO_PRINT = " To see what it prints, call your function in a cell of your own, with the case above."
# Where the student's own code begins in a message: its words say nothing of the error.
LINE = re.compile(r" \(line \d+ of its cell.*", re.DOTALL)
LONGEST = 500  # letters of a message that are looked at

# Kind and message, each as a pattern that is found somewhere in it; the first that fits counts.
IDEAS = (
    (
        "",
        "NoneType",
        "Something is None where a value is needed. A function without return gives None, and so does a method that "
        "changes a list in place, such as append or sort.",
    ),
    (
        "NameError|UnboundLocalError",
        "",
        "A name has no value when it is used. Is it misspelled, set in one branch only, or in a cell that has not run?",
    ),
    (
        "AttributeError",
        "",
        "What stands before the dot has nothing by this name. Is it a list where you expect an array, or the other way "
        "round? Print its `type`.",
    ),
    (
        "MemoryError|ResourceExhausted",
        "",
        "It makes an array that is too large to be held. What shape does that one have?",
    ),
    (
        "",
        "not callable",
        "Something is called like a function, and is none. Is a pair of parentheses too many, or has a value got the "
        "name of a function?",
    ),
    (
        "",
        "item assignment|read-only",
        "This value cannot be changed in place, like any tuple, text or tensor. Make a new one.",
    ),
    (
        "",
        r"truth value of an array|only (0-dimensional|length-1|size-1)",
        "An array stands where a single number or truth value is needed, as after `if`. Must all of its entries be "
        "so, or any?",
    ),
    (
        "",
        r"dtype|[Cc]annot cast|casting|could not convert|an? \w+ tensor but is|as an integer|be integers|only integers"
        r"|used as indices|of integers or a single integer|non-int|supported types",
        "The type of a number does not fit: an index, a length and a count must be whole numbers, and floats cannot be "
        "stored in an array of whole ones. Print the `dtype`, or the `type`, of what is used in this line.",
    ),
    (
        "",
        r"empty (sequence|list)|zero-size|iterable argument is empty",
        "There is nothing to choose from here: a list or an array is empty. What should come back then?",
    ),
    (
        "AxisError|IndexError",
        "axis .*dimension|too many indices",
        "An array has fewer axes than this line takes it to have. Print its `shape`.",
    ),
    (
        "",
        r"broadcast|aligned|shape|mismatch|did not match|incompatible|[Dd]imension|cardinality|equal division|unpack"
        r"|inhomogeneous|zip\(\) argument",
        "Sizes do not fit together. Print the `shape` of everything in this line: which axes should be equally long, "
        "and which should have the length 1?",
    ),
    (
        "IndexError|InvalidArgumentError",
        "out of|range|bounds|is not in|valid range",
        "An index is too large: the last of n entries has the index n - 1. How long is this axis in the case above?",
    ),
    ("KeyError", "", "A dict does not have this key. Which keys does it have in the case above, and of which type?"),
    (
        "ValueError",
        "not in list",
        "What is looked for is not in the list. What should happen then?",
    ),
    (
        "TypeError",
        r"argument",
        "A function is called with other arguments than it takes. Does the first line of your function name the same "
        "arguments as the exercise?",
    ),
    (
        "TypeError",
        "",
        "A value is of another kind than this line needs: a number has no length, say. Print its `type`.",
    ),
    (
        "ZeroDivisionError",
        "",
        "Something is divided by 0. When is there nothing to count, and what should come back then?",
    ),
    ("RecursionError", "", "A function calls itself without end. In which case does it give an answer of its own?"),
    (
        "ImportError|ModuleNotFoundError",
        "",
        "A package, or a name in it, is not there. Are both spelled as in the lesson?",
    ),
    (
        "",
        "math domain|math range|too large|out of range",
        "A logarithm of 0 or less, or a power that is too large for a float.",
    ),
)


def explain(kind: str, message: str) -> str:
    """What to look at again.

    Args:
        kind: the name of an exception.
        message: what a student reads of it; "" if that is withheld, as for held-out cases: then the kind is, too.
    """
    words = LINE.sub("", message[:LONGEST])
    fitting = (idea for kinds, pattern, idea in IDEAS if re.search(kinds, kind) and re.search(pattern, words))
    found = next(fitting, STOPPED) if message else STOPPED
    return found + TO_PRINT * ("Print" in found)
