"""Recurrent layers: samples are sequences, which are gone through step by step."""

from .bidirectional import Bidirectional
from .gru import GRU
from .lstm import LSTM
from .simple_rnn import SimpleRNN

__all__ = ["GRU", "LSTM", "Bidirectional", "SimpleRNN"]
