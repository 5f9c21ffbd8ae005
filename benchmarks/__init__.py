"""How fast onepath is beside other libraries: ``python -m benchmarks``, from a checkout.

Each library runs in a process of its own, and the two of a comparison take turns, with silence in
between. What is reported is the ratio of neighbouring turns, which a slow or busy machine hardly
changes; the milliseconds beside it are those of this machine on this day.
"""
