"""A GPU-portable array backend library with neural-network layers."""
