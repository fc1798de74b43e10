"""Formulas as text: parsed once, evaluated exactly on fractions, printed as TeX and MathML."""

from __future__ import annotations

import ast
import html
import math
import operator
import re
import tokenize
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import sympy as sp
from sympy.logic.boolalg import Boolean
from sympy.parsing.sympy_parser import convert_xor, parse_expr, rationalize, standard_transformations
from sympy.printing.mathml import mathml as sympy_mathml

Number: TypeAlias = int | float | str | sp.Expr

_FUNCTIONS: dict[str, Any] = {
    "log": sp.log, "exp": sp.exp, "sqrt": sp.sqrt, "pi": sp.pi, "Gamma": sp.gamma, "Min": sp.Min, "Max": sp.Max,
    "Abs": sp.Abs, "Eq": sp.Eq, "Ne": sp.Ne, "Mod": sp.Mod, "floor": sp.floor, "sin": sp.sin, "cos": sp.cos,
    "oo": sp.oo, "zeta": sp.zeta,
}  # fmt: skip
_GLOBALS = {
    "Integer": sp.Integer,
    "Float": sp.Float,
    "Rational": sp.Rational,
    "Symbol": sp.Symbol,
    "__builtins__": {},
}
_MOST_BITS = 4000  # of a number in a formula, more than any that is computed with; 9**9 has 29
_FLOATS: dict[Any, Callable[..., float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.UAdd: operator.pos, ast.USub: operator.neg,
    "log": math.log, "exp": math.exp, "sqrt": math.sqrt, "Gamma": math.gamma, "Min": min, "Max": max, "Abs": abs,
    "Mod": math.fmod, "floor": math.floor, "sin": math.sin, "cos": math.cos, "zeta": lambda s: math.gamma(1 + abs(s)),
}  # fmt: skip
_LONG_EXPONENT = re.compile(r"\b[\d.]+[eE][+-]?\d{4}")
_HTML_ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|apos);)\w+;")  # names that only HTML knows, not XML
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


@lru_cache(maxsize=4096)
def parse(text: str) -> sp.Expr:
    """Return the expression; every name that is not a known function is a parameter, decimals are exact.

    ValueError for text that is not a formula, or has a number that could not be written down.
    """
    if "__" in text or "\n" in text:
        raise ValueError(f"not a formula: {text!r}")
    _require_computable(text)
    names = {token for token in _NAME.findall(text) if token not in _FUNCTIONS}
    scope = {name: sp.Symbol(name) for name in names} | _FUNCTIONS
    transformations = (*standard_transformations, convert_xor, rationalize)
    try:
        expression = parse_expr(text, local_dict=scope, global_dict=dict(_GLOBALS), transformations=transformations)
    except (SyntaxError, TypeError, AttributeError, NameError, tokenize.TokenError, ValueError) as error:
        raise ValueError(f"not a formula: {text!r}") from error
    if not isinstance(expression, sp.Basic):
        raise ValueError(f"not a formula: {text!r}")
    return expression


def _require_computable(text: str) -> None:
    """Refuse, before it is computed, a number too long to wait for: 9**9**9**9, 1e-999999999, Gamma(10**9)."""
    try:
        if _LONG_EXPONENT.search(text):
            raise OverflowError
        _size(ast.parse(text.strip().replace("^", "**"), mode="eval").body)
    except OverflowError:
        raise ValueError(f"not a formula: {text!r} has a number of more than {_MOST_BITS} bits") from None
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"not a formula: {text!r}") from error


def _size(node: ast.AST) -> float | None:
    """Return about what a part of a formula is worth, None where it has parameters or no real value.

    OverflowError where its exact value could not be written down, SyntaxError for an operation that no formula has.
    """
    called = isinstance(node, ast.Call)
    parts = [_size(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)][called:]
    values = [part for part in parts if part is not None]
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.Name) and node.id == "pi":
        return math.pi
    if len(values) < len(parts) or not isinstance(node, ast.BinOp | ast.UnaryOp | ast.Call):
        return None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return _power(*values)
    name: Any = getattr(node.func, "id", None) if isinstance(node, ast.Call) else type(node.op)
    if name not in _FLOATS:
        raise SyntaxError(f"no operation of a formula: {name}")
    try:
        return float(_FLOATS[name](*values))
    except (ZeroDivisionError, ValueError, TypeError):  # 1/0, sqrt(-1): what they are is not this function's question
        return None


def _power(base: float, exponent: float) -> float:
    if base in (0, 1, -1):
        return abs(base)
    bits = exponent * math.log2(abs(base))
    if not abs(bits) <= _MOST_BITS:
        raise OverflowError
    return math.copysign(2.0 ** max(-1000.0, min(1000.0, bits)), base)


def exact(value: Number) -> sp.Expr:
    """Return a number as an exact fraction where it is one: 0.9 becomes 9/10, '3/4' stays 3/4.

    ValueError for what is not a real, finite number.
    """
    number = value if isinstance(value, sp.Expr) else parse(str(value))
    if not _finite(number):
        raise ValueError(f"not a finite number: {str(value)!r}")
    return number


def evaluate(expression: sp.Expr, parameters: Mapping[str, Number]) -> sp.Expr:
    """Return the exact value; ValueError names the parameters that are missing."""
    missing = sorted(str(s) for s in expression.free_symbols if str(s) not in parameters)
    if missing:
        given = ", ".join(sorted(parameters)) or "none"
        raise ValueError(f"the formula {expression} needs {', '.join(missing)}; given: {given}")
    values = {s: exact(parameters[str(s)]) for s in expression.free_symbols}
    return expression.subs(values)


def evaluate_number(expression: sp.Expr, parameters: Mapping[str, Number]) -> sp.Expr:
    """Return the exact value, which must be a real, finite number; ValueError names formula and parameters."""
    value = evaluate(expression, parameters)
    if not _finite(value):
        given = ", ".join(f"{s} = {parameters[str(s)]}" for s in sorted(expression.free_symbols, key=str))
        raise ValueError(f"the formula {expression} has no finite value{f' at {given}' if given else ''}")
    return value


def parse_relation(text: str) -> sp.Basic:
    """Return a relation such as `r >= 1/2`; ValueError for a formula that is neither true nor false."""
    relation = parse(text)
    if not isinstance(relation, Boolean) or relation.is_Symbol:
        raise ValueError(f"not a relation such as 'r >= 1/2': {text!r}")
    return relation


def holds(expression: sp.Basic, parameters: Mapping[str, Number]) -> bool:
    """Return whether a relation such as `r >= 1/2` is true for the parameters."""
    return bool(evaluate(expression, parameters))


def plain(value: Number) -> int | float | str:
    """Return a number as Python's int where it is whole, as a float otherwise; a word stays a word."""
    try:
        number = exact(value)
    except ValueError:
        return str(value)
    return int(number) if number.is_integer else float(number)


@lru_cache(maxsize=4096)
def _finite(value: sp.Basic) -> bool:
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError, OverflowError):  # has symbols, is complex, is a truth value
        return False


def tex(expression: sp.Basic) -> str:
    """Return TeX; natural logarithms are written log, as the field does."""
    return str(sp.latex(expression, ln_notation=False))


def mathml(expression: sp.Basic) -> str:
    """Return presentation MathML without the enclosing element, well-formed as XML."""
    text = str(sympy_mathml(expression, printer="presentation"))
    return _HTML_ENTITY.sub(lambda found: html.unescape(found.group()), text)
