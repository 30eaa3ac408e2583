"""Take single checks out of `admin_app/engine/access`, one at a time, and see whether a test fails each time.

Nothing is written: each mutant is a child process that imports the package with one module changed in memory and
runs the tests of access on SQLite. What survives is listed; docs/access-mutations.md explains what may.

    python tools/mutate_access.py [MODULE ...] [--list] [--seconds 1800]
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.machinery
import importlib.util
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "admin_app" / "engine" / "access"
#: Quick ones first, and of the two comparisons with a second implementation the wider one.
TESTS = (
    *(f"tests/unit/engine/access/test_{name}.py" for name in ("policy", "guard", "compile", "scope")),
    "tests/access/test_explain.py",
    "tests/access/test_against_the_oracle.py",
    "tests/access/test_cache.py",
)
#: What only the cache's own tests can tell; for other modules they would double the time.
CACHE = ("cache", "world")
#: A mutant that runs longer hangs, which is as good as a failed test.
PATIENCE = 120
OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}


@dataclass(frozen=True)
class Mutant:
    """One change: where it stands, in words, and the module as it would be."""

    place: str
    change: str
    tree: ast.Module


def mutants(path: Path) -> Iterator[Mutant]:
    """All single changes of one module, in its order."""
    tree = ast.parse(path.read_text("utf-8"))
    said = {id(part) for note in _annotations(tree) for part in ast.walk(note)}
    for index, node in enumerate(ast.walk(tree)):
        if id(node) in said:
            continue
        for number, (new, words) in enumerate(_changes(node)):
            changed = copy.deepcopy(tree)
            target = list(ast.walk(changed))[index]
            # The same change again, on the copy: nodes of two trees do not mix.
            _replace(changed, target, list(_changes(target))[number][0])
            line = getattr(node, "lineno", None) or node.target.lineno  # type: ignore[attr-defined]
            before = ast.unparse(node).strip().splitlines()[0]
            yield Mutant(f"{path.name}:{line}", f"{before}  ->  {words or ast.unparse(new)}", changed)


def _annotations(tree: ast.Module) -> Iterator[ast.AST]:
    """Types, which nothing runs."""
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            if getattr(node, name, None) is not None:
                yield getattr(node, name)


def _changes(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """What one node may turn into."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in OPPOSITES:
            yield ast.Compare(node.left, [OPPOSITES[type(op)]()], node.comparators), ""
        case ast.BoolOp():
            for left_out in node.values:
                rest = [each for each in node.values if each is not left_out]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest), ""
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand, ""
        case ast.BinOp(op=ast.BitOr() | ast.Sub() | ast.Add()):
            yield node.left, ""
            yield node.right, ""
        case ast.IfExp() if not isinstance(node.test, ast.UnaryOp):
            yield ast.IfExp(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse), ""
        case ast.Constant(value=bool()):
            yield ast.Constant(not node.value), ""
        case ast.Call(func=ast.Attribute(attr="where" | "order_by"), args=[_, _, *_]):
            for left_out in node.args:
                yield ast.Call(node.func, [each for each in node.args if each is not left_out], []), ""
        case ast.Call(func=ast.Attribute(attr="where")):
            yield node.func.value, ""
        case ast.Call(func=ast.Name(id="any")):
            yield ast.Call(ast.Name("all", ast.Load()), node.args, node.keywords), ""
    match node:
        case ast.comprehension(ifs=[_, *_]):
            for left_out in node.ifs:
                kept = [each for each in node.ifs if each is not left_out]
                yield _Part(node, {"ifs": kept}), f"without if {ast.unparse(left_out)}"
        case ast.If(test=test) if not isinstance(test, (ast.Compare, ast.UnaryOp)):
            yield _Part(node, {"test": ast.UnaryOp(ast.Not(), test)}), f"if not ({ast.unparse(test)})"
        case ast.Expr(value=ast.Call() | ast.Yield()):
            yield ast.Pass(), "pass"
        case ast.AugAssign():
            yield ast.Pass(), "pass"


class _Part(ast.AST):
    """A node that only differs in some of its fields; it has no text of its own."""

    def __init__(self, node: ast.AST, fields: dict[str, object]) -> None:
        self.node, self.fields = node, fields


def _replace(tree: ast.Module, old: ast.AST, new: ast.AST) -> None:
    if isinstance(new, _Part):
        for name, value in new.fields.items():
            setattr(old, name, value)
    else:
        for parent in ast.walk(tree):
            for name, value in ast.iter_fields(parent):
                if value is old:
                    setattr(parent, name, new)
                elif isinstance(value, list):
                    setattr(parent, name, [new if each is old else each for each in value])
    ast.fix_missing_locations(tree)


class _Loader(importlib.abc.MetaPathFinder, importlib.machinery.SourceFileLoader):
    """Brings the changed module in place of the file."""

    def __init__(self, name: str, path: Path, code: CodeType) -> None:
        super().__init__(name, str(path))
        self.code = code

    def find_spec(self, name: str, *_rest: object) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def get_code(self, fullname: str) -> CodeType:
        return self.code


def survives(mutant: Mutant | None, path: Path, folder: str) -> bool:
    """Whether all tests pass with the mutant in place; runs them in a child."""
    child = os.fork()
    if child == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.setpgid(0, 0)
        os._exit(_run(mutant, path, folder))
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def _run(mutant: Mutant | None, path: Path, folder: str) -> int:
    import pytest

    if mutant is not None:
        name = f"admin_app.engine.access.{path.stem}"
        try:
            code = compile(mutant.tree, str(path), "exec")
        except (SyntaxError, ValueError):
            return 2
        sys.meta_path.insert(0, _Loader(name, path, code))
    tests = TESTS if path.stem in CACHE else TESTS[:-1]
    quiet = ("-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
    options = (f"--basetemp={folder}", "-k", "not postgresql", "--hypothesis-profile=mutants")
    try:
        return int(pytest.main([*quiet, *options, *tests]))
    except BaseException:
        return 2


def _warm() -> list[ModuleType]:
    """Import once what no mutant touches: children inherit it."""
    names = (
        "pytest hypothesis sqlalchemy.orm models flask_sqlalchemy flask_admin flask_migrate alembic.command"
    )
    return [importlib.import_module(name) for name in names.split()]


def main() -> int:
    """Run the mutants; 1 when any survived."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("modules", nargs="*", help="such as guard or guard.py:83; default: all")
    parser.add_argument("--list", action="store_true", help="only list the mutants")
    parser.add_argument("--seconds", type=int, default=1_800, help="stop after this many")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    chosen = []
    for path in sorted(PACKAGE.glob("*.py")):
        for mutant in mutants(path):
            names = (path.stem, path.name, mutant.place)
            if not options.modules or any(name in options.modules for name in names):
                chosen.append((path, mutant))
    if options.list:
        for _path, mutant in chosen:
            print(mutant.place, mutant.change)
        print(len(chosen), "mutants")
        return 0
    _warm()
    begin, left, run = time.monotonic(), [], 0
    with tempfile.TemporaryDirectory() as folder:
        if not survives(None, PACKAGE, f"{folder}/0"):
            print("the tests fail on the package as it is")
            return 2
        for path, mutant in chosen:
            if time.monotonic() - begin > options.seconds:
                break
            run += 1
            if survives(mutant, path, f"{folder}/{run}"):
                left.append(mutant)
                print("survived:", mutant.place, mutant.change, flush=True)
    print(f"{run} of {len(chosen)} mutants in {time.monotonic() - begin:.0f} s: {len(left)} survived")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
