"""Formulas as text: parsed once, evaluated exactly on fractions, printed as TeX and MathML."""

from __future__ import annotations

import html
import re
import tokenize
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import sympy as sp
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
    """Return a number as an exact fraction where it is one: 0.9 becomes 9/10, '3/4' stays 3/4."""
    if isinstance(value, sp.Expr):
        return value
    number = parse(str(value))
    if number.free_symbols:
        raise ValueError(f"not a number: {value!r}")
    return number


def evaluate(expression: sp.Expr, parameters: Mapping[str, Number]) -> sp.Expr:
    """Return the exact value; ValueError names the parameters that are missing."""
    missing = sorted(str(s) for s in expression.free_symbols if str(s) not in parameters)
    if missing:
        given = ", ".join(sorted(parameters)) or "none"
        raise ValueError(f"the formula {expression} needs {', '.join(missing)}; given: {given}")
    values = {s: exact(parameters[str(s)]) for s in expression.free_symbols}
    return expression.subs(values)


def holds(expression: sp.Basic, parameters: Mapping[str, Number]) -> bool:
    """Return whether a relation such as `r >= 1/2` is true for the parameters."""
    return bool(evaluate(expression, parameters))


def plain(value: Number) -> int | float | str:
    """Return a number as Python's int where it is whole, as a float otherwise; a word stays a word."""
    number = parse(str(value))
    if number.free_symbols:
        return str(value)
    return int(number) if number.is_integer else float(number)


def tex(expression: sp.Basic) -> str:
    """Return TeX; natural logarithms are written log, as the field does."""
    return str(sp.latex(expression, ln_notation=False))


def mathml(expression: sp.Basic) -> str:
    """Return presentation MathML without the enclosing element, well-formed as XML."""
    text = str(sympy_mathml(expression, printer="presentation"))
    return _HTML_ENTITY.sub(lambda found: html.unescape(found.group()), text)
