"""Ctrl-C."""

import os
import signal
import threading

import numpy as np
import pytest

import onepath as op
from onepath import layers
from onepath.training import Callback
from onepath.training.interrupts import CleanInterrupt

posix = pytest.mark.skipif(os.name != "posix", reason="a process sends itself SIGINT")


class PressCtrlC(Callback):
    def __init__(self, batch, times=1):
        self.batch, self.times = batch, times
        self.batches = 0

    def on_train_batch_end(self, batch, logs):
        self.batches += 1
        if self.batches == self.batch:
            for _ in range(self.times):
                os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(autouse=True)
def heard():
    """Hear Ctrl-C, which a process ignores that was started in the background."""
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, earlier)


@pytest.fixture
def model():
    model = op.Sequential([layers.Dense(2)])
    model.compile("sgd", "mse")
    return model


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(12, 3)).astype("float32"), rng.normal(size=(12, 2)).astype("float32")


@posix
def test_the_first_ends_the_run_after_the_batch(model, data):
    before = signal.getsignal(signal.SIGINT)
    history = model.fit(*data, batch_size=4, epochs=5, callbacks=[PressCtrlC(5)], verbose=0)
    assert history.interrupted
    assert history.epoch == [0]
    assert model.optimizer.iterations == 5
    assert signal.getsignal(signal.SIGINT) is before
    assert not model.fit(*data, verbose=0).interrupted


@posix
def test_the_second_ends_it_at_once(model, data):
    ended = []

    class AtTheEnd(Callback):
        def on_train_end(self):
            ended.append(True)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*data, callbacks=[PressCtrlC(1, times=2), AtTheEnd()], verbose=0)
    assert ended == [True]
    assert signal.getsignal(signal.SIGINT) is before


@posix
def test_where_it_is_ignored_it_stays_so(model, data):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    history = model.fit(*data, batch_size=4, epochs=2, callbacks=[PressCtrlC(2)], verbose=0)
    assert not history.interrupted
    assert history.epoch == [0, 1]
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_in_another_thread_nothing_is_changed(model, data):
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work():
        with CleanInterrupt() as interrupt:
            seen.append((signal.getsignal(signal.SIGINT), interrupt.requested))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(before, False)]
