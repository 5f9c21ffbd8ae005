"""The simulated binding of cuDNN: what would go wrong on a GPU goes wrong here."""

import numpy as np
import pytest

from onepath.backends import get_backend
from onepath.backends.simulated import cudnn
from onepath.backends.simulated.cudnn_kernels import as_tf32

STEPS = ("validate", "build_operation_graph", "create_execution_plans", "check_support")


@pytest.fixture
def xp():
    return get_backend("simulated").xp


def graph(dim=(1, 1, 3, 3), stride=(9, 9, 3, 1)):
    """A convolution of 3x3 with 2x2, described."""
    graph = cudnn.pygraph(cudnn.data_type.FLOAT, compute_data_type=cudnn.data_type.FLOAT)
    x = graph.tensor(dim, stride, uid=1)
    kernel = graph.tensor((1, 1, 2, 2), (4, 4, 2, 1), uid=2)
    options = {"pre_padding": (0, 0), "post_padding": (0, 0), "stride": (1, 1), "dilation": (1, 1)}
    y = graph.conv_fprop(x, kernel, **options)
    y.set_output(True).set_uid(3).set_dim((1, 1, 2, 2)).set_stride((4, 4, 2, 1))
    y.set_data_type(cudnn.data_type.FLOAT)
    return graph


def built(graph):
    for step in STEPS:
        getattr(graph, step)(*[[]] * (step == "create_execution_plans"))
    graph.build_plans(cudnn.build_plan_policy.HEURISTICS_CHOICE)
    return graph


def run(xp, graph, x, workspace=cudnn.WORKSPACE):
    kernel, y = xp.ones((1, 1, 2, 2), "float32"), xp.empty((1, 1, 2, 2), "float32")
    pointers = {1: x.data.ptr, 2: kernel.data.ptr, 3: y.data.ptr}
    room = xp.empty(workspace, "uint8").data.ptr if workspace else None
    graph.execute(pointers, room, handle=cudnn.create_handle())
    return y.get()


def test_it_computes(xp):
    x = xp.arange(9, dtype="float32").reshape(1, 1, 3, 3)
    assert run(xp, built(graph()), x).tolist() == [[[[8, 12], [20, 24]]]]


def test_arrays_must_lie_as_they_are_described(xp):
    x = xp.arange(9, dtype="float32").reshape(1, 1, 3, 3)
    for wrong in (x.swapaxes(2, 3), x[..., :2], x.astype("float64"), x[..., ::2]):
        with pytest.raises(ValueError, match=r"tensor 1 is described as data_type\.FLOAT"):
            run(xp, built(graph()), wrong)


def test_addresses_must_be_aligned(xp):
    x = xp.ones((5, 1, 1, 3, 3), "float32")[1]
    with pytest.raises(ValueError, match="is no multiple of 16 bytes"):
        run(xp, built(graph()), x)


def test_scratch_memory_is_needed(xp):
    for size in (0, cudnn.WORKSPACE - 1):
        with pytest.raises(ValueError, match="the plan needs 64 bytes of scratch memory"):
            run(xp, built(graph()), xp.ones((1, 1, 3, 3), "float32"), size)


def test_another_device_s_arrays_are_refused(xp):
    with xp.cuda.Device(1):
        x = xp.ones((1, 1, 3, 3), "float32")
    with pytest.raises(ValueError, match="The device where the array resides"):
        run(xp, built(graph()), x)


def test_steps_have_an_order(xp):
    with pytest.raises(RuntimeError, match="build_operation_graph comes after validate"):
        graph().build_operation_graph()
    with pytest.raises(RuntimeError, match="no plan was built"):
        run(xp, graph(), xp.ones((1, 1, 3, 3), "float32"))


def test_shapes_must_belong_together():
    with pytest.raises(ValueError, match=r"no convolution of \(1, 1, 4, 3\) with .* gives"):
        graph((1, 1, 4, 3), (12, 12, 3, 1)).validate()


def test_plans_that_are_left_out_are_not_taken():
    left_out = graph()
    left_out.deselect_numeric_notes([cudnn.numerical_note.TENSOR_CORE])
    with pytest.raises(cudnn.cudnnGraphNotSupportedError, match="plan 0 was left out"):
        built(left_out).build_plan_at_index(0)


def test_tf32_has_10_bits_of_fraction():
    """To the nearest, ties to even; signs, infinities and NaN stay."""
    x = 1 + np.array([2.0**-11, 3 * 2.0**-11, 2.0**-11 + 2.0**-20, -(2.0**-12)])
    expected = [1.0, 1 + 2.0**-9, 1 + 2.0**-10, 1.0]
    assert as_tf32(x.astype("f4")).tolist() == expected
    assert as_tf32(-x.astype("f4")).tolist() == [-y for y in expected]
    strange = np.array([np.inf, -np.inf, np.nan, 0, -0.0], "f4")
    np.testing.assert_array_equal(as_tf32(strange), strange)
