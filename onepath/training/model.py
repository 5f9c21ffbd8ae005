"""A layer with what it takes to train it."""

import sys
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..arguments import whole
from ..backends import Array, Backend
from ..backends.random import next_seed
from ..layers import Layer, serialize
from ..layers.checks import check_input
from ..layers.composition import leaves
from ..layers.several import each, listed, sample_shapes
from ..losses import Loss
from ..losses import serialize as serialize_loss
from ..losses.base import check_weights
from ..metrics import Metric
from ..optimizers import Optimizer, scaling
from ..optimizers import get as get_optimizer
from . import files
from .callbacks import Callback
from .ends import in_order, input_names, output_names
from .feeding import Batches
from .fitting import evaluate, run_epochs, step
from .graphs import Steps
from .history import History
from .progress import progress
from .sharding import Passage, joined
from .summary import summarize
from .watching import Losses, Metrics, Weights, loss_of, metrics_of
from .weights import weights_of


class _Compiled(NamedTuple):
    optimizer: Optimizer
    loss: Loss
    metrics: tuple[Metric, ...]


class Model:
    """A layer with an optimizer, a loss and metrics.

    Host arrays given to `fit`, `evaluate` and `predict` are sent to the model's device, at once if
    they are small and batch by batch if not, and predictions come back to the host; arrays that are
    on the device stay there.

    Parameters
    ----------
    layer : Layer
        What to train; any layer will do.
    device : str or Backend, optional
        Where to: where the layer is, or else the CPU, if left out.

    Attributes
    ----------
    layer : Layer
        The layer itself.
    stop_training : bool
        Set to True by a callback, it ends the run after the batch.
    seed : int
        Seed of the order in which samples are taken; from `onepath.set_seed`'s sequence.
    epochs_begun : int
        How many epochs were begun; each has an order of its own.
    """

    def __init__(self, layer: Layer, device: str | Backend | None = None) -> None:
        if not isinstance(layer, Layer):
            raise TypeError(f"a model is made of a layer, got {layer!r}")
        self.layer = layer.to(device or layer.backend or "cpu")
        self.stop_training = False
        self.seed = next_seed()
        self.epochs_begun = 0
        self._compiled: _Compiled | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.layer!r})"

    @property
    def backend(self) -> Backend:
        """Where the model is."""
        return self.layer.home

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer, once compiled."""
        return self._settings().optimizer

    @property
    def loss(self) -> Loss:
        """The loss, once compiled."""
        return self._settings().loss

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics, once compiled."""
        return self._settings().metrics

    def to(self, device: str | Backend) -> "Model":
        """Move the layer, and what the optimizer remembers of it, to a device.

        Parameters
        ----------
        device : str or Backend
            Where to.

        Returns
        -------
        Model
            The model itself.
        """
        self.layer.to(device)
        if self._compiled is not None:
            self._compiled.optimizer.to(device)
        return self

    def compile(
        self,
        optimizer: str | Optimizer = "rmsprop",
        loss: Losses | None = None,
        metrics: Metrics = (),
        auto_scale_loss: bool = True,
        loss_weights: Weights | None = None,
    ) -> None:
        """Say how to train.

        Parameters
        ----------
        optimizer : str or Optimizer, optional
            Its name, for the default options, or the optimizer itself.
        loss : str or Loss
            Its name, or the loss itself, as in ``CategoricalCrossentropy(from_logits=True)``.
            For a network with several outputs one for each, in a dict by the outputs' names or in
            order; a single one is for all.
        metrics : iterable of str or Metric, optional
            What to measure beside the loss, such as ``"accuracy"``, or a loss by its name. For
            several outputs likewise, several for each; they are called ``output_metric``.
        auto_scale_loss : bool, optional
            Whether an optimizer of a model that computes in float16 is put into a
            `onepath.optimizers.LossScaleOptimizer`, unless it is one.
        loss_weights : dict or sequence of float, optional
            How much each output's loss counts in the sum that is made small: 1 if left out.

        Raises
        ------
        TypeError, ValueError
            If something is not known; nothing is changed.
        """
        if loss is None:
            raise ValueError(
                "compile needs a loss, such as 'mse', 'binary_crossentropy' or "
                "'sparse_categorical_crossentropy'"
            )
        names = output_names(self.layer)
        chosen = loss_of(loss, loss_weights, names)
        stepping = get_optimizer(optimizer)
        if auto_scale_loss and any(each.compute_dtype == "float16" for each in leaves(self.layer)):
            stepping = scaling(stepping)
        self._compiled = _Compiled(
            stepping,
            chosen,
            tuple(metrics_of(metrics, chosen, names)),
        )

    def build(self, input_shape: Iterable[int]) -> None:
        """Make the parameters; `fit` does it otherwise.

        Parameters
        ----------
        input_shape : tuple of int
            The shape of one sample, without the batch.
        """
        self.layer.build(tuple(input_shape))

    def fit(
        self,
        x: Array,
        y: Array,
        batch_size: int = 32,
        epochs: int = 1,
        validation_data: tuple[Array, Array] | tuple[Array, Array, Array] | None = None,
        callbacks: Iterable[Callback] = (),
        shuffle: bool = True,
        verbose: str | int = "auto",
        graph: str | bool = "auto",
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Array | None = None,
    ) -> History:
        """Train the model.

        Everything is checked before the first step. Ctrl-C ends the run after the batch, with what
        was learned so far; a second one ends it at once.

        Parameters
        ----------
        x : array, shape (N, *sample)
            Inputs, floating, on the host or on the model's device. For a network with several, one
            for each, in a dict by their names or in order.
        y : array, shape (N, ...)
            Targets, as the loss takes them; for several outputs likewise.
        batch_size : int, optional
            Samples in a step.
        epochs : int, optional
            How many times to go through the data.
        validation_data : (array, array) or (array, array, array), optional
            Inputs, targets and, if wanted, sample weights with which the model is evaluated after
            each epoch.
        callbacks : iterable of Callback, optional
            What is to look on or step in.
        shuffle : bool, optional
            Whether each epoch takes the samples in an order of its own.
        verbose : {"auto", 0, 1, 2}, optional
            0 is silence, 1 a progress bar, 2 a line for each epoch; "auto" is the bar on a
            terminal.
        graph : {"auto", True, False}, optional
            Whether the steps for batches of one shape are captured once as a CUDA graph, and
            replayed: the numbers are the same, with fewer calls. "auto" does so where it is
            possible; where it is not, `History.graph_reason` says why.
        class_weight : dict of int to float, optional
            How much the samples of a class count in the loss, by the class's index; 1 for those
            left out. Targets are sparse labels or one-hot.
        sample_weight : array, shape (N,), optional
            How much each sample counts in the loss. A batch's loss is the sum of the weighted ones
            by the number of samples, as Keras has it. Metrics take no notice.

        Returns
        -------
        History
            Loss and metrics by epoch.

        Raises
        ------
        RuntimeError
            If the model is not compiled, or if ``graph`` is True and steps cannot be captured.
        TypeError, ValueError
            If data or options do not fit: labels out of range, integer images, empty data, other
            numbers of inputs than of targets. Nothing is changed.
        OutOfMemoryError
            If the device has no room for a step; the message says how many samples would fit.
        """
        epochs = whole("epochs", epochs, at_least=0)
        x, y = self._ends(x, y)
        weight = weights_of(y, class_weight, sample_weight)
        batches = self._batches(batch_size, x=x, y=y, **weight)
        validation = None
        if validation_data is not None:
            names = ("validation_x", "validation_y", "validation_sample_weight")
            x_y = self._ends(*validation_data[:2], role="validation_")
            given = dict(zip(names, (*x_y, *validation_data[2:]), strict=False))
            validation = self._batches(batch_size, **given)
        watching = [*callbacks, *progress(verbose)]
        steps = Steps(self, graph)
        with batches.working():
            self.build(sample_shapes(x))
            history = run_epochs(self, steps, batches, validation, epochs, watching, shuffle)
        history.graph_reason, history.replayed = steps.reason, steps.replayed
        self.layer.clear()
        return history

    def train_on_batch(
        self,
        x: Array,
        y: Array,
        sample_weight: Array | None = None,
        class_weight: Mapping[int, float] | None = None,
    ) -> Array:
        """Learn from one batch, once.

        Parameters
        ----------
        x, y : array
            As for `fit`; all samples are one batch.
        sample_weight, class_weight
            As for `fit`.

        Returns
        -------
        array, shape ()
            The loss before the step, on the model's device, for which nothing was waited yet.

        Raises
        ------
        RuntimeError, TypeError, ValueError
            As `fit` does, but that labels are not looked at: for that, the device would have to be
            waited for. One out of range is an IndexError or a wrong number.
        """
        self._settings()
        x, y = self._ends(x, y)
        weight = weights_of(y, class_weight, sample_weight)
        batches = Batches(self.backend, sys.maxsize, x=x, y=y, **weight)
        with batches.working():
            if sample_shapes(x) != self.layer.input_shape:
                self._output_shape(x)
                self.build(sample_shapes(x))
            (batch,) = batches
            return step(self, *batch)[0]

    def evaluate(
        self, x: Array, y: Array, batch_size: int = 256, sample_weight: Array | None = None
    ) -> dict[str, float]:
        """Measure loss and metrics without learning.

        Parameters
        ----------
        x, y : array
            As for `fit`.
        batch_size : int, optional
            Samples at a time.
        sample_weight : array, shape (N,), optional
            How much each sample counts in the loss, as for `fit`.

        Returns
        -------
        dict of str to float
            ``"loss"``, penalties on parameters included, and the metrics by name.

        Raises
        ------
        RuntimeError, TypeError, ValueError
            As `fit` does.
        """
        x, y = self._ends(x, y)
        batches = self._batches(batch_size, x=x, y=y, **weights_of(y, None, sample_weight))
        with batches.working():
            self.build(sample_shapes(x))
            return evaluate(self, batches)

    def predict(self, x: Array, batch_size: int = 256) -> Array:
        """Compute the outputs for many samples.

        Parameters
        ----------
        x : array, shape (N, *sample)
            Inputs, as for `fit`.
        batch_size : int, optional
            Samples at a time.

        Returns
        -------
        array, shape (N, *output)
            Where ``x`` is; a tuple of such for a network with several outputs.

        Raises
        ------
        TypeError, ValueError
            If the data does not fit.
        """
        x = in_order("x", x, input_names(self.layer))
        batches = Batches(self.backend, batch_size, x=x)
        self._output_shape(x)
        with batches.working():
            self.build(sample_shapes(x))
            layer = self.layer.replica()  # of its own: others may predict at the same time
            outputs = [self._returned(Passage(layer, batch).infer(), x) for (batch,) in batches]
            return joined(outputs)

    def predict_proba(self, x: Array, batch_size: int = 256) -> Array:
        """Compute the probabilities of the classes, whether or not the layer ends in logits.

        Parameters, result and errors are those of `predict`; besides, the model must be compiled
        with a crossentropy, which knows what the outputs are.
        """
        return self.loss.probabilities(self.predict(x, batch_size))

    def summary(self) -> None:
        """Print a table: layers, their output shapes, what nodes of graphs take, and parameters.

        Frozen layers are marked; totals are below. A terminal's lines are kept to.

        Raises
        ------
        RuntimeError
            If the model is not built.
        """
        print(summarize(self.layer))

    def arrays(self) -> dict[str, Array]:
        """Return parameters and state by name: all that makes up what was learned."""
        return self.layer.parameters | self.layer.state

    def save(self, path: Any) -> None:
        """Write the model to a file; the model stays where it is.

        Parameters
        ----------
        path : str or path-like
            The file, by custom named ``*.onepath``. An older one is replaced when all is on disk.

        Raises
        ------
        ImportError
            If safetensors is not installed.
        RuntimeError
            If the model is not built.
        """
        if self.layer.input_shape is None:
            raise RuntimeError("the model is not built: call build(input_shape) or fit first")
        description: dict[str, Any] = {
            "layer": serialize(self.layer),
            "input_shape": self.layer.input_shape,
            "loss": None,
        }
        if self._compiled is not None:
            description["loss"] = serialize_loss(self.loss)
        host = {name: self.backend.to_numpy(array) for name, array in self.arrays().items()}
        files.write(path, description, host)

    def _settings(self) -> _Compiled:
        if self._compiled is None:
            raise RuntimeError("the model is not compiled: call compile(optimizer, loss) first")
        return self._compiled

    def _batches(self, batch_size: int, **data: Array) -> Batches:
        """Check inputs, targets and weights, and divide them into batches."""
        loss = self._settings().loss
        batches = Batches(self.backend, batch_size, **data)
        x, y, *weight = batches.whole
        loss.check_targets(y, self._output_shape(x))
        for given in weight:
            check_weights(given, batches.rows)
        return batches

    def _ends(self, x: Any, y: Any, role: str = "") -> tuple[Any, Any]:
        """Inputs and targets, each in a tuple in the network's order if there are several."""
        return (
            in_order(f"{role}x", x, input_names(self.layer)),
            in_order(f"{role}y", y, output_names(self.layer)),
        )

    def _output_shape(self, x: Array) -> tuple[int, ...]:
        """Check inputs; return the shape of what the layer makes of one."""
        for each_input in listed(x):
            check_input(self.layer.title, each_input, self.layer.indices)
        return self.layer.check_sample(sample_shapes(x))

    def _returned(self, y: Array, x: Array) -> Array:
        """Bring outputs to where the inputs were."""
        return y if self.backend.owns(listed(x)[0]) else each(self.backend.to_numpy, y)
