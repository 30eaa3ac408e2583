"""All single changes of a Python module: checks turned round or left out, constants flipped, statements dropped."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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
