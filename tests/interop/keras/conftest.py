"""Keras with names that do not depend on the tests before."""

import numpy as np
import pytest


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.keras"


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def fresh_keras(keras):
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(3)
    return keras
