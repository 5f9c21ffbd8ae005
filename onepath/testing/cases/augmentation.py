"""Random changes of images."""

from ...layers import RandomCrop, RandomErasing, RandomFlip, RandomRotation, RandomTranslation
from .case import Case, untyped

_LAST = "channels_last"


def cases() -> list[Case]:
    """Return each, in each way that it can be set up."""
    translation = untyped(RandomTranslation, 0.4, (-0.1, 0.7), fill_value=0.5, seed=2)
    nearest = untyped(
        RandomTranslation, 0.5, 0.5, interpolation="nearest", data_format=_LAST, seed=4
    )
    return [
        Case("RandomFlip", untyped(RandomFlip, seed=1), (2, 3, 4)),
        Case("RandomFlip training", untyped(RandomFlip, seed=1), (2, 3, 4), training=True),
        Case(
            "RandomFlip horizontal training channels last",
            untyped(RandomFlip, "horizontal", data_format=_LAST, seed=6),
            (3, 4, 2),
            training=True,
        ),
        Case("RandomTranslation training", translation, (2, 4, 3), training=True),
        Case("RandomTranslation nearest training channels last", nearest, (4, 3, 1), training=True),
        Case(
            "RandomRotation training",
            untyped(RandomRotation, 0.3, fill_value=-1.0, seed=3),
            (2, 4, 3),
            training=True,
        ),
        Case(
            "RandomRotation nearest training",
            untyped(RandomRotation, (0.1, 0.4), interpolation="nearest", seed=3),
            (1, 3, 4),
            training=True,
        ),
        Case("RandomCrop", untyped(RandomCrop, 2, 2, data_format=_LAST, seed=1), (5, 4, 2)),
        Case("RandomCrop training", untyped(RandomCrop, 2, 3, seed=1), (2, 5, 4), training=True),
        Case("RandomErasing", untyped(RandomErasing, seed=1), (2, 3, 3)),
        Case(
            "RandomErasing training",
            untyped(RandomErasing, 0.7, (0.1, 0.5), fill_value=0.5, seed=5),
            (2, 5, 4),
            training=True,
        ),
    ]
