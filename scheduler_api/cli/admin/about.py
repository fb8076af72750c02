"""`openapi` and `version`: print the contract and the version, without a database."""

from __future__ import annotations

import click


@click.command()
def openapi() -> None:
    """Print the contract of the API (OpenAPI 3.1) as YAML: the same for the same code."""
    import orjson
    import yaml

    from scheduler_api import create_app
    from scheduler_api.config import Settings

    # Settings() and not the environment's: the database it names is never opened.
    document = create_app(Settings()).extensions["scheduler"].contract
    plain = orjson.loads(orjson.dumps(document))
    ordered = {name: plain.pop(name) for name in ("openapi", "info", "security", "tags", "paths")} | plain
    click.echo(yaml.dump(ordered, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=110), nl=False)


def _dumper() -> type:
    """Return a dumper that writes texts of several lines as blocks, and no anchors."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            return True

        def represent_text(self, text: str) -> yaml.Node:
            style = "|" if "\n" in text else None
            return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, Dumper.represent_text)
    return Dumper


@click.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as version_of

    click.echo(version_of("scheduler-api"))
