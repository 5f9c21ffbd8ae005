"""The check that every backend computes the same, and how its bounds are derived."""
