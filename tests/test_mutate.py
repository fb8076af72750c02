"""Hold that the changes of the engine known to change nothing are changes of the engine as it is."""

from __future__ import annotations

from bench import mutate


def test_what_is_known_to_change_nothing_is_a_change_of_code_that_is_there() -> None:
    sources = mutate.engine_sources().items()
    changes = {mutate.known(one, source) for file, source in sources for one in mutate.mutations(file, source)}
    assert mutate.equivalent() <= changes
