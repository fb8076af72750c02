"""What the service costs, as ratios to something everyone can measure beside it. `python -m bench` (`make bench`).

Absolute times differ from machine to machine and from minute to minute; a ratio of two things measured in turn, in one
run, hardly does. Figures with a limit that miss it end the run with status 1.
"""
