"""The version, on the ground floor: what is measured by one version does not hold for another."""

__version__ = "0.1.0"
