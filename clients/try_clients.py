"""Lint the contract, make both clients from it, compile them strictly, and try each against a running service.

`make clients` runs this, in the environment of the service. It needs a network, `node` and `npm`; everything is made in
`build/clients`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
CONTRACT = HERE.parent / "openapi.yaml"
BUILD = HERE.parent / "build" / "clients"
SERVICE = Path(sys.executable).with_name("scheduler-api")
#: How long the service may take to answer for the first time, in seconds.
PATIENCE = 60


def run(*command: str | Path, cwd: Path = BUILD, **settings: str) -> str:
    """Run a command, and end the program if it fails; what it printed."""
    print("+", *(Path(str(part)).name for part in command if not str(part).startswith(("sch_", "http:"))))
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **settings}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        sys.exit(done.stdout)
    return done.stdout


def lint() -> None:
    """Lint the contract by the recommended rules of both linters: a warning fails as an error does."""
    print(run("npx", "redocly", "lint", "--config", "redocly.yaml", "--max-problems=50", CONTRACT)[-200:])
    print(run("npx", "spectral", "lint", "--ruleset", ".spectral.yaml", "--fail-severity=hint", CONTRACT))


def make_python() -> Path:
    """Make the client for Python, and check what uses it; the interpreter that has both."""
    environment = BUILD / "python"
    python = environment / "bin" / "python"
    if not python.exists():
        venv.create(environment, with_pip=True, clear=True)
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", HERE / "requirements.txt")
    generator = environment / "bin" / "openapi-python-client"
    config, made = HERE / "openapi-python-client.yaml", BUILD / "scheduler_client"
    settings = ["--config", config, "--meta", "none", "--output-path", made, "--overwrite", "--fail-on-warning"]
    run(generator, "generate", "--path", CONTRACT, *settings)
    run(python, "-m", "mypy", "--strict", "--config-file", os.devnull, "use_client.py")
    return python


def make_typescript() -> Path:
    """Make the types for TypeScript, and compile what uses them; the program."""
    run("npx", "openapi-typescript", CONTRACT, "--output", "contract.d.ts")
    run("npx", "tsc", "--project", "tsconfig.json")
    return BUILD / "built" / "use_client.js"


@contextmanager
def served() -> Iterator[tuple[str, str]]:
    """A service with a database of its own: its address, and a nurse's token."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"SCHEDULER_DATABASE": f"{folder}/scheduler.db", "SCHEDULER_LOG_LEVEL": "WARNING"}
        run(SERVICE, "init", cwd=Path(folder), **settings)
        token = run(SERVICE, "tokens", "create", "--role", "nurse", "--site", "FUSCC", cwd=Path(folder), **settings)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [SERVICE, "serve", "--port", str(port)]
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, **settings})
        try:
            url = f"http://127.0.0.1:{port}"
            _await(f"{url}/healthz")
            yield url, token.split()[-1]
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _await(address: str) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(address):
                return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def main() -> None:
    """Do all of it; end with what failed, if something does."""
    BUILD.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "tsconfig.json", "use_client.py", "use_client.ts", "redocly.yaml", ".spectral.yaml"):
        shutil.copy(HERE / name, BUILD / name)
    ignored = (HERE / ".redocly.lint-ignore.yaml").read_text("utf-8")
    (BUILD / ".redocly.lint-ignore.yaml").write_text(ignored.replace("../openapi", "../../openapi"), "utf-8")
    run("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error")
    lint()
    python, program = make_python(), make_typescript()
    with served() as (url, token):
        print(run(python, "use_client.py", url, token))
        print(run("node", program, url, token))


if __name__ == "__main__":
    main()
