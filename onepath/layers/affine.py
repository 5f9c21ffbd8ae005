"""What normalizations share: a scale and a shift that are learned."""

from ..arguments import flag, number
from .base import Layer, Shape
from .initializers import Initializer, check_initializer
from .policies import chosen_policy
from .regularizers import Regularizer, check_regularizer


class Affine(Layer):
    """``gamma * x + beta`` follows whatever a subclass does; its arguments are Keras's."""

    shardable = True

    def __init__(
        self,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: str | Initializer = "zeros",
        gamma_initializer: str | Initializer = "ones",
        beta_regularizer: str | Regularizer | None = None,
        gamma_regularizer: str | Regularizer | None = None,
        dtype: str | None = None,
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(name, chosen_policy(dtype), seed)
        self.epsilon = number("epsilon", epsilon, positive=True)
        self.center = flag("center", center)
        self.scale = flag("scale", scale)
        self.beta_initializer = check_initializer(beta_initializer)
        self.gamma_initializer = check_initializer(gamma_initializer)
        self.beta_regularizer = check_regularizer(beta_regularizer)
        self.gamma_regularizer = check_regularizer(gamma_regularizer)

    def _add_affine(self, shape: Shape) -> None:
        """Make gamma and beta, unless they are left out."""
        if self.scale:
            self._add_parameter("gamma", shape, self.gamma_initializer, self.gamma_regularizer)
        if self.center:
            self._add_parameter("beta", shape, self.beta_initializer, self.beta_regularizer)
