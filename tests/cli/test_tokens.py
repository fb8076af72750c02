"""`tokens`."""

from __future__ import annotations

import hashlib
import re

from scheduler_api.cli.admin.tokens import ROLES
from scheduler_api.store.database.port import Store
from scheduler_api.use_cases import session
from scheduler_api.use_cases.auth import tokens

from .conftest import Commands


def test_a_token_is_printed_alone_and_once(run: Commands, store: Store) -> None:
    printed = run.ok("tokens", "create", "--role", "nurse", "--site", "FUSCC", "--name", "ward 3")
    token = printed.rstrip("\n")
    assert re.fullmatch(r"sch_[\w-]{40,}", token)
    assert token not in run.ok("tokens", "list")
    (row,) = store.rows("SELECT * FROM tokens")
    assert not any(token in str(store.rows(f"SELECT * FROM {table}")) for table in store.tables())
    assert row["hash"] == hashlib.sha256(token.encode()).hexdigest()


def test_a_token_stands_for_its_role_and_sites(run: Commands, store: Store) -> None:
    nurse = run.ok("tokens", "create", "--role", "nurse", "--site", "FUSCC", "--name", "ward 3").strip()
    admin = run.ok("tokens", "create", "--role", "admin").strip()
    actor = tokens.authenticate(store, nurse)
    assert actor
    assert (actor.role, actor.name, actor.sites) == ("nurse", "ward 3", ("FUSCC",))
    actor = tokens.authenticate(store, admin)
    assert actor
    assert (actor.role, actor.name, actor.sites) == ("admin", None, None)


def test_the_list_shows_whose_tokens_there_are_and_no_secrets(run: Commands, store: Store) -> None:
    run.ok("tokens", "create", "--role", "nurse", "--site", "FUSCC", "--name", "ward [3]")
    run.ok("tokens", "create", "--role", "monitor")
    listed = run.ok("tokens", "list")
    (head, nurse, monitor) = (line.split() for line in listed.splitlines())
    assert head[:4] == ["token_id", "role", "name", "sites"]
    assert nurse[1:5] == ["nurse", "ward", "[3]", "FUSCC"]
    assert (monitor[1:4], monitor[-1]) == (["monitor", "-", "all"], "-")
    for row in store.rows("SELECT hash FROM tokens"):
        assert row["hash"] not in listed


def test_a_revoked_token_stands_for_nobody(run: Commands, store: Store) -> None:
    token = run.ok("tokens", "create", "--role", "coordinator").strip()
    token_id = run.ok("tokens", "list").splitlines()[1].split()[0]
    assert run.ok("tokens", "revoke", token_id) == f"{token_id} is revoked.\n"
    assert tokens.authenticate(store, token) is None
    assert run.refused("tokens", "revoke", token_id) == ["No such token, or it is revoked already."]


def test_an_unknown_site_is_refused_and_no_token_made(run: Commands, store: Store) -> None:
    arguments = ("tokens", "create", "--role", "nurse", "--site", "FUSCC", "--site", "MOON", "--site", "MARS")
    assert run.refused(*arguments) == ["/site: No such site: MOON.", "/site: No such site: MARS."]
    assert store.rows("SELECT * FROM tokens") == []


def test_an_unknown_role_is_refused(run: Commands) -> None:
    result = run("tokens", "create", "--role", "queen")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "'nurse', 'coordinator', 'monitor', 'admin'" in result.stderr


def test_the_roles_offered_are_those_that_there_are() -> None:
    assert ROLES == session.ROLES
