"""What all optimizers take beside their own arguments."""

from typing import TypedDict


class Undecayed(TypedDict, total=False):
    """The arguments of `Optimizer` without ``weight_decay``, for those with one of their own."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None


class Common(Undecayed, total=False):
    """The arguments of `Optimizer`, as its subclasses pass them on."""

    weight_decay: float | None
