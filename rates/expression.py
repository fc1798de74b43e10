"""Formulas as text: parsed once, evaluated exactly on fractions, printed as TeX and MathML."""

from __future__ import annotations

import html
import math
import re
import tokenize
from collections.abc import Mapping
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
_HTML_ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|apos);)\w+;")  # names that only HTML knows, not XML
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


@lru_cache(maxsize=4096)
def parse(text: str) -> sp.Expr:
    """Return the expression; every name that is not a known function is a parameter, decimals are exact.

    ValueError for text that is not a formula.
    """
    if "__" in text or "\n" in text:
        raise ValueError(f"not a formula: {text!r}")
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
