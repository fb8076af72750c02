"""The same visit schedules made, and asked for, by what one might use instead. `python -m bench.peers`.

`make bench-peers` makes an environment for clinicedc (`.venv-peers`), which is no dependency of this project.
"""
