"""The kit is silent where there is nothing to say: correct layers pass, whatever is drawn."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepath.testing import assert_parity
from onepath.testing.parity.check import LAYOUTS
from onepath.testing.strategies import layer_inputs


@settings(
    max_examples=1000,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    case=layer_inputs(),
    as_drawn=st.booleans(),
    layout=st.sampled_from(LAYOUTS),
    training=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_correct_layers_are_in_parity(case, as_drawn, layout, training, seed):
    """On hypothesis's numbers, and on the kit's own of all magnitudes."""
    layer, x = case
    assert_parity(
        layer,
        x if as_drawn else x.shape,
        dtypes=x.dtype.name,
        layouts=layout,
        training=training,
        seed=seed,
    )
