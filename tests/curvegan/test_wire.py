"""Arrays written as protobuf fields read back as the same numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from curvegan.v1 import curves_pb2
from curvegan.wire import packed


@given(arrays(np.float32, st.integers(0, 300), elements=st.floats(width=32, allow_nan=False)))
def test_floats_are_the_field_that_protobuf_writes(values):
    expected = curves_pb2.GenerateCurvesResponse(values=values.tolist()).SerializeToString()
    found = curves_pb2.GenerateCurvesResponse.FromString(packed(3, values))
    assert found.SerializeToString() == expected


@given(arrays(np.int64, st.integers(0, 300)))
def test_seeds_are_the_field_that_protobuf_reads(values):
    assert list(curves_pb2.SeedList.FromString(packed(1, values)).values) == values.tolist()


@pytest.mark.parametrize("n", [31, 32, 4_095, 4_096, 70_000])
def test_lengths_of_every_size_are_written(n):
    values = np.arange(n, dtype=np.float32)
    message = curves_pb2.GenerateCurvesResponse.FromString(packed(3, values))
    np.testing.assert_array_equal(np.array(message.values), values)


def test_big_endian_and_strided_arrays_are_written_as_their_values():
    values = np.arange(10, dtype=">f4")[::3]
    assert list(curves_pb2.NoiseRows.FromString(packed(1, values)).values) == [0, 3, 6, 9]
