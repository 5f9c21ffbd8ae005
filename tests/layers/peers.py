"""Layers beside PyTorch's, in float64: the same values, and the same gradients."""

import numpy as np

from onepath.backends import get_backend


def assert_as_torch(torch, layer, function, *inputs, training=False, rtol=1e-9, atol=1e-11):
    """Hold a layer to what PyTorch computes.

    Parameters
    ----------
    torch : module
        PyTorch.
    layer : Layer
        Made with ``dtype="float64"`` where it takes one. Its parameters are drawn anew, as what
        starts as zero or one hides mistakes.
    function : callable
        ``function(*inputs, parameters)`` computes the output in PyTorch, from tensors; parameters
        and state are a dict by the layer's names.
    *inputs : array, float64
        A batch for each input.
    """
    cpu, rng = get_backend("cpu"), np.random.default_rng(3)
    x = inputs if len(inputs) > 1 else inputs[0]
    layer.to(cpu).build(tuple(a.shape[1:] for a in inputs) if len(inputs) > 1 else x.shape[1:])
    for name, array in (layer.parameters | layer.state).items():
        array[...] = rng.standard_normal(array.shape)
        if name.endswith("variance"):
            array[...] = np.abs(array) + 0.5
    arrays = {
        name: torch.tensor(a, requires_grad=name in layer.parameters)
        for name, a in (layer.parameters | layer.state).items()
    }
    tensors = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in inputs]
    expected = function(*tensors, arrays)
    y = layer.forward(x, training)
    assert_near(y, expected, rtol, atol, "output")
    dy = rng.standard_normal(y.shape)
    expected.backward(torch.tensor(dy))
    dx = layer.backward(dy)
    for tensor, d in zip(tensors, dx if len(inputs) > 1 else (dx,), strict=True):
        if tensor.requires_grad:
            assert_near(d, tensor.grad, rtol, atol, "input gradient")
    for name in layer.parameters if layer.trainable else ():
        assert_near(layer.gradients[name], arrays[name].grad, rtol, atol, f"gradient of {name}")


def assert_near(ours, theirs, rtol, atol, what):
    """An array within a relative and an absolute tolerance of a tensor."""
    theirs = theirs.detach().numpy()
    assert ours.shape == theirs.shape, what
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol, err_msg=what)
