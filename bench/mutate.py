"""Show what the engine's tests would not notice: change the engine a little, at random, and see whether they fail.

`python -m bench.mutate --seed 1 --count 150` makes so many changes one at a time (a comparison, a sign, one more or one
less, and/or, min/max), each in a temporary copy of the tree, and lists those that no test noticed. The same seed makes
the same changes of the same code. `equivalent.toml` beside this file has changes that change nothing, and why: they
are not tried.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from queue import Queue
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
ENGINE = Path("scheduler_api/engine")
#: The engine's own tests, and those of which message is planned when: these run with what sends them.
TESTS = ("engine", *(f"reminders/test_{name}.py" for name in ("due_messages", "eve", "plan", "preferences", "preview")))
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
#: What the engine's tests need of the tree.
NEEDED = ("scheduler_api", "bench", "tests", "docs", "setup.cfg", "pyproject.toml", "openapi.yaml")
#: A change may make a loop endless: then the tests have so many times as long as without any change, and a minute.
PATIENCE = 3

_OPERATORS: dict[type[ast.AST], str] = {
    **{ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="},
    **{ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in"},
    **{ast.Add: "+", ast.Sub: "-", ast.And: "and", ast.Or: "or"},
}
_PAIRS = (("<", "<="), (">", ">="), ("==", "!="), ("is", "is not"), ("in", "not in"), ("+", "-"), ("and", "or"))
_SWAPPED = {one: other for pair in _PAIRS for one, other in (pair, reversed(pair))}


class Mutation(NamedTuple):
    """Holds one small change: the bytes `start`…`end` of a file, in the function `scope`, become `after`."""

    file: Path
    scope: str
    line: int
    start: int
    end: int
    after: str

    def of(self, source: str) -> str:
        """Return the module with the change made."""
        code = source.encode()
        return (code[: self.start] + self.after.encode() + code[self.end :]).decode()


class Known(NamedTuple):
    """Names a change by the text of its line, before and after: wherever the line moves, it is the same change."""

    file: str
    scope: str
    line: str
    becomes: str


def known(mutation: Mutation, source: str) -> Known:
    """Return how the file of equivalent changes names a change."""
    line, becomes = (text.splitlines()[mutation.line - 1].strip() for text in (source, mutation.of(source)))
    return Known(mutation.file.as_posix(), mutation.scope, line, becomes)


def mutations(file: Path, source: str) -> Iterator[Mutation]:
    """Yield all small changes of a module, but for those in type hints and decorators, which compute nothing."""
    code, begins = source.encode(), [0]
    for text in code.splitlines(keepends=True):
        begins.append(begins[-1] + len(text))

    def first(node: ast.expr) -> int:
        return begins[node.lineno - 1] + node.col_offset

    def last(node: ast.expr) -> int:
        return begins[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)

    def change(scope: str, start: int, end: int, after: str) -> Mutation:
        return Mutation(file, scope, code[:start].count(b"\n") + 1, start, end, after)

    def between(scope: str, left: ast.expr, right: ast.expr, kind: ast.AST) -> Iterator[Mutation]:
        """Yield the change of an operator, unless a comment hides where it stands."""
        operator, start = _OPERATORS[type(kind)], last(left)
        if code[start : first(right)].decode().strip(" \n()") == operator:
            start += code[start : first(right)].index(operator.encode())
            yield change(scope, start, start + len(operator), _SWAPPED[operator])

    def inside(node: ast.AST, scope: str) -> Iterator[Mutation]:
        match node:
            case ast.Compare():
                for left, kind, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
                    yield from between(scope, left, right, kind)
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                yield from between(scope, node.left, node.right, node.op)
            case ast.BoolOp():
                for left, right in zip(node.values, node.values[1:], strict=False):
                    yield from between(scope, left, right, node.op)
            case ast.Call(func=ast.Name(id="min" | "max" as called)):
                yield change(scope, first(node), first(node) + 3, "max" if called == "min" else "min")
            case ast.Constant(value=int() as value) if not isinstance(value, bool):
                for other in (value + 1, value - 1):
                    yield change(scope, first(node), last(node), str(other))
            case ast.ClassDef() | ast.FunctionDef():
                scope = f"{scope}.{node.name}".removeprefix(".")
        hidden = ("annotation", "returns", "decorator_list", "type_comment")
        for name, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and name not in hidden:
                    yield from inside(child, scope)

    yield from inside(ast.parse(source), "")


def engine_sources() -> dict[Path, str]:
    """Return the code of each file of the engine."""
    return {file.relative_to(ROOT): file.read_text("utf-8") for file in sorted((ROOT / ENGINE).rglob("*.py"))}


def drawn(sources: dict[Path, str], seed: int, count: int) -> list[tuple[Mutation, Known]]:
    """Return so many changes, drawn with a seed, of those that leave code.

    Each has its place by its own text: where the code is otherwise changed, the other changes are drawn as before.
    """
    found = [(one, known(one, source)) for file, source in sources.items() for one in mutations(file, source)]
    found.sort(key=lambda one: sha256(f"{seed} {one[1]}".encode()).digest())
    usable = ((one, name) for one, name in found if _is_code(one.of(sources[one.file])))
    return [one for one, _ in zip(usable, range(count), strict=False)]


def equivalent() -> set[Known]:
    """Return the changes that are known to change nothing."""
    with EQUIVALENT.open("rb") as file:
        entries = tomllib.load(file).get("equivalent", [])
    return {Known(one["file"], one["in"], one["line"], one["becomes"]) for one in entries}


def _is_code(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


class Tree:
    """A copy of the tree, in which changes are made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in NEEDED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, folder / name)

    def failure(self, tests: Sequence[str], patience: float | None, *options: str) -> tuple[str | None, str]:
        """Run tests up to the first that fails: its name, or `no end`, or None if all pass; and what they print.

        The examples are the same each time, and none that fails is made smaller: that takes long, and nobody reads it.
        """
        command = [sys.executable, "-m", "pytest", "-q", "-x", "--tb=no", "-p", "no:cacheprovider", *options]
        command += ["--engine", "sqlite", *tests]
        environment = {**os.environ, "PYTHONPATH": str(self._folder)}
        try:
            run = subprocess.run(
                command, cwd=self._folder, env=environment, capture_output=True, timeout=patience, text=True
            )
        except subprocess.TimeoutExpired:
            return "no end", ""
        if run.returncode == 0:
            return None, run.stdout
        failed = re.search(r"^(?:FAILED|ERROR) (\S+)", run.stdout, re.MULTILINE)
        # Without a name: the tests did not even begin.
        return failed[1] if failed else (run.stdout + run.stderr).strip().rpartition("\n")[2], run.stdout

    def noticed_by(self, mutation: Mutation, source: str, tests: Sequence[str], patience: float) -> str | None:
        """Make a change, run the tests, and take it back; return the first test that failed."""
        self._write(mutation.file, mutation.of(source))
        try:
            return self.failure(tests, patience)[0]
        finally:
            self._write(mutation.file, source)

    def _write(self, file: Path, source: str) -> None:
        path = self._folder / file
        path.write_text(source, "utf-8")
        # Python tells compiled code by second and size: both may be those of the change before.
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)


def cheapest_first(tests: Sequence[str], printed: str) -> list[str]:
    """Return the files of tests, those that took least first, from what pytest printed with `--durations=0`."""
    took: dict[str, float] = defaultdict(float)
    for seconds, file in re.findall(r"^([\d.]+)s \w+ +(tests/\S+?\.py)", printed, re.MULTILINE):
        took[file] += float(seconds)
    paths = [path for test in tests for path in ((ROOT / test).glob("test_*.py") if (ROOT / test).is_dir() else [test])]
    files = [ROOT.joinpath(path).relative_to(ROOT).as_posix() for path in paths]
    return sorted(files, key=lambda file: (took[file], file))


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the changes that the arguments ask for; print which were not noticed, and the share of those that were."""
    parser = argparse.ArgumentParser(prog="python -m bench.mutate", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same changes")
    parser.add_argument("--count", type=int, default=150, help="how many changes")
    parser.add_argument("--skip", type=int, default=0, help="leave out so many of them: to go on where a run ended")
    parser.add_argument(
        "--tests", nargs="+", default=[f"tests/{name}" for name in TESTS], help="tests to run instead of all"
    )
    parser.add_argument("--workers", type=int, default=1, help="how many at a time")
    asked = parser.parse_args(arguments)
    sources = engine_sources()
    chosen = drawn(sources, asked.seed, asked.count)[asked.skip :]
    with ExitStack() as stack:
        trees: Queue[Tree] = Queue()
        for _ in range(asked.workers):
            trees.put(Tree(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mutate-")))))
        whole = trees.get()
        began = time.monotonic()
        failed, printed = whole.failure(asked.tests, None, "--durations=0")
        took = time.monotonic() - began
        if failed:
            sys.exit(f"The tests fail without any change: {failed}")
        print(f"Without any change the tests pass in {took:.0f} s.", flush=True)
        trees.put(whole)
        tests = cheapest_first(asked.tests, printed)

        def noticed_by(mutation: Mutation) -> str | None:
            tree = trees.get()
            try:
                return tree.noticed_by(mutation, sources[mutation.file], tests, 60 + PATIENCE * took)
            finally:
                trees.put(tree)

        began, same = time.monotonic(), equivalent()
        tried = [one for one in chosen if one[1] not in same]
        unnoticed = 0
        pool = stack.enter_context(ThreadPoolExecutor(asked.workers))
        running = {pool.submit(noticed_by, mutation): (mutation, name) for mutation, name in tried}
        try:
            while running:
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    (mutation, name), test = running.pop(done), done.result()
                    unnoticed += test is None
                    print(f"{test or 'NOT NOTICED'}: {mutation.file}:{mutation.line} {mutation.scope}", flush=True)
                    print(f"    {name.line}\n    {name.becomes}", flush=True)
        except KeyboardInterrupt:
            pool.shutdown(wait=True, cancel_futures=True)
        ended = len(tried) - len(running)
        each = (time.monotonic() - began) * asked.workers / max(ended, 1)
        share = (ended - unnoticed) / max(ended, 1)
        print(f"Seed {asked.seed}, changes {asked.skip + 1} to {asked.skip + len(chosen)}; {each:.1f} s each.")
        print(f"Of these, {len(chosen) - len(tried)} are known to change nothing.")
        print(f"Of {ended} others {ended - unnoticed} were noticed ({share:.1%}), {unnoticed} were not.")


if __name__ == "__main__":
    main()
