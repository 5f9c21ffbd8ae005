"""Golden recordings: what a device computed, kept to hold others to it."""
