"""Plain data over a pipe: what is sent arrives, of the same type; what was made to do harm does not."""

import json
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vistext.grading import protocol

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=50)

numbers = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text())
plain = st.recursive(
    numbers,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(st.one_of(st.text(), st.integers()), inner, max_size=4),
    ),
    max_leaves=12,
)


def sent(value):
    framed = protocol.frame({"value": protocol.pack(value)})
    [size] = protocol.HEADER.unpack(framed[: protocol.HEADER.size])
    assert size == len(framed) - protocol.HEADER.size
    return protocol.unpack(protocol.read(framed[protocol.HEADER.size :])["value"])


@PATIENT
@given(plain)
def test_plain_data_arrives_as_it_was_and_of_the_same_type(value):
    assert sent(value) == value
    assert repr(sent(value)) == repr(value)


@PATIENT
@given(
    arrays.arrays(
        st.one_of(arrays.integer_dtypes(), arrays.unsigned_integer_dtypes(), arrays.floating_dtypes(), st.just(bool)),
        arrays.array_shapes(min_dims=0, min_side=0),
    )
)
def test_arrays_arrive_with_their_type_and_shape(array):
    arrived = sent(array)
    assert (arrived.dtype, arrived.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(arrived, array)


def test_nan_infinity_and_a_scalar_of_numpy_arrive():
    assert math.isnan(sent(float("nan")))
    assert sent(float("-inf")) == -math.inf
    assert type(sent(np.float32(0.5))) is np.float32
    assert sent(...) is ...
    assert sent(np.array(["a", "bc"])) == ["a", "bc"]


@pytest.mark.parametrize(
    "value",
    [object(), len, {1, 2}, b"bytes", 1j, np.array([None]), type("int", (int,), {})(3), 10**5000],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_plain_data_arrives_as_an_empty_thing_of_that_name(value):
    arrived = sent(value)
    assert type(arrived).__name__ == type(value).__name__
    assert type(arrived) is not type(value)
    assert vars(arrived) == {}


def test_no_method_of_a_value_is_called():
    class Trap(list):
        def __getattribute__(self, name):
            raise AssertionError(name)

        __iter__ = __len__ = __eq__ = None

    assert type(sent(Trap())).__name__ == "Trap"


@pytest.mark.parametrize(
    "packed",
    [
        [],
        {},
        {"list": 3},
        {"list": [], "dict": []},
        {"dict": [[1]]},
        {"dict": [[{"list": []}, 1]]},
        {"array": ["|O", [1], "AAAAAAAAAAA="]},
        {"array": ["<f8", [10**12], "AAAAAAAAAAA="]},
        {"array": ["<f8", [-1], ""]},
        {"array": ["<f8", [1.0], "AAAAAAAAAAA="]},
        {"array": ["<f8", [1], "no base64!"]},
        {"array": ["V8", [1], "AAAAAAAAAAA="]},
        {"array": [["<f8"], [1], "AAAAAAAAAAA="]},
        {"array": "x"},
        {"scalar": ["<f8", [2], "AAAAAAAAAAAAAAAAAAAAAA=="]},
        {"other": 3},
        {"pickle": "gASVAAAA"},
        json.loads("[" * 50 + "]" * 50),
        {"list": [{"list": [{"pickle": 1}]}]},
    ],
    ids=str,
)
def test_what_was_made_to_do_harm_is_refused(packed):
    with pytest.raises(protocol.ProtocolError):
        protocol.unpack(packed)


@pytest.mark.parametrize(
    "body", [b"", b"[1]", b"\xff", b"[" * 100_000, b"1" * 10_000, b'{"a": [' + b"1," * 30_000 + b"1]}"], ids=range(6)
)
def test_a_frame_that_is_no_message_or_has_too_many_parts_is_refused_and_nothing_of_it_is_repeated(body):
    with pytest.raises(protocol.ProtocolError) as caught:
        protocol.read(body)
    assert body[:10] == b"" or body[:10].decode("latin1") not in str(caught.value)


def test_lists_in_lists_end_somewhere():
    deep = []
    for _ in range(100):
        deep = [deep]
    assert "other" in json.dumps(protocol.pack(deep))
    packed = 1
    for _ in range(100):
        packed = {"list": [packed]}
    with pytest.raises(protocol.ProtocolError):
        protocol.unpack(packed)
