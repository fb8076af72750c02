"""`tokens`: who may ask the service."""

from __future__ import annotations

import click

#: The same as in use_cases.session, so that --help does not load the store; a test holds them equal.
ROLES = ("nurse", "coordinator", "monitor", "admin")


@click.group()
def tokens() -> None:
    """Make, list and revoke staff tokens."""


@tokens.command()
@click.option("--role", type=click.Choice(ROLES), required=True, help="A monitor only reads.")
@click.option("--site", "sites", multiple=True, help="May be given several times. Without it: all sites.")
@click.option("--name", help="Whose it is; stored with each fact recorded by it.")
def create(role: str, sites: tuple[str, ...], name: str | None) -> None:
    """Make a token and print it, this once: only its hash is kept."""
    from scheduler_api.cli.opening import session
    from scheduler_api.use_cases.auth import tokens as records

    with session() as opened:
        click.echo(records.create(opened.store, role, sites, name, opened.now))


@tokens.command("list")
def list_tokens() -> None:
    """List all tokens, revoked ones included, without anything that could be used."""
    from scheduler_api.cli.opening import session
    from scheduler_api.cli.terminal import table
    from scheduler_api.use_cases.auth import tokens as records

    with session() as opened:
        tokens_made = records.list_all(opened.store)
    rows = [
        (
            row["token_id"],
            row["role"],
            row["name"],
            "all" if row["sites"] is None else ", ".join(row["sites"]),
            row["created_at"][:19],
            row["revoked_at"] and row["revoked_at"][:19],
        )
        for row in tokens_made
    ]
    table(("token_id", "role", "name", "sites", "created (UTC)", "revoked (UTC)"), rows)


@tokens.command()
@click.argument("token_id")
def revoke(token_id: str) -> None:
    """Make a token useless from now on. TOKEN_ID is that of `tokens list`."""
    from scheduler_api.cli.opening import session
    from scheduler_api.use_cases.auth import tokens as records

    with session() as opened:
        records.revoke(opened.store, token_id, opened.now)
    click.echo(f"{token_id} is revoked.")
