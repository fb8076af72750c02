"""The service at a million patients, on each engine, beside the same at a thousand; and two processes beside one.

`python -m bench.scale [PATIENTS]` (`make bench-scale`).
"""
