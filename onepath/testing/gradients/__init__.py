"""The check that a backward pass is the derivative of the forward pass."""
