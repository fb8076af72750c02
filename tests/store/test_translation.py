"""Statements of the port in PostgreSQL's words: parameters and nothing else."""

from __future__ import annotations

import pytest

from scheduler_api.store.database.postgres import translated


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT :a, :b_2 WHERE x=:a", "SELECT %(a)s, %(b_2)s WHERE x=%(a)s"),
        ("SELECT ':a', 'it''s :b', \":c\"", "SELECT ':a', 'it''s :b', \":c\""),
        ("SELECT x::text, :a::int", "SELECT x::text, %(a)s::int"),
        ("SELECT x LIKE '100%' AND x % 2 = :a", "SELECT x LIKE '100%%' AND x %% 2 = %(a)s"),
        ("x IN () OR x IN (:a)", "x IN (NULL) OR x IN (%(a)s)"),
        ("SELECT 1", "SELECT 1"),
    ],
)
def test_a_statement(sql: str, said: str) -> None:
    assert translated(sql).decode() == said
