"""For every test: Ctrl-C arrives, also where the tests were started in the background, whose shell turns it off."""

import signal

import pytest

signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def bfloat16() -> str:
    """The coarser policy, for tests that compute in it; skipped where TensorFlow would die of that."""
    from vistext.nn.engine import has_no_bfloat16, tf

    if has_no_bfloat16():
        pytest.skip(f"TensorFlow {tf.__version__} cannot compute in bfloat16 on this processor")
    return "mixed_bfloat16"
