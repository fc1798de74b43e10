"""Laws: how a quantity moves with x, as one exact expression of named parameters.

A law is the first leg of a claim. The same sympy expression gives its value by exact rational
arithmetic, its TeX and its MathML, and the names of the parameters that it needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape

import numpy as np
import numpy.typing as npt
import sympy as sp

from rates.expression import Number, evaluate_number, mathml, parse, tex
from rates.wellformed import Word

Array = npt.NDArray[np.float64]


class Direction(Word):
    """What the theorem promises: equality of rates, or that y falls at least or at most this fast."""

    SHARP = "sharp"
    UPPER = "upper"
    LOWER = "lower"


class Form(Word):
    """The shape of a law, which decides the axes and what is estimated on them."""

    POWER = "power"
    EXPONENTIAL = "exponential"
    PLATEAU = "plateau"
    IDENTITY = "identity"
    SEPARATION = "separation"


# (text, TeX): up to constants, and exact
_UP_TO_CONSTANTS = {
    Direction.SHARP: ("≍", r"\asymp"),
    Direction.UPPER: ("≲", r"\lesssim"),
    Direction.LOWER: ("≳", r"\gtrsim"),
}
_EXACT = {Direction.SHARP: ("=", "="), Direction.UPPER: ("≤", r"\leq"), Direction.LOWER: ("≥", r"\geq")}


@dataclass(frozen=True)
class Law:
    """A rate: `y ≍ C · x^rate · (log x)^log_power` for a power law, `y ≍ C · exp(rate · x)` for an exponential one.

    For a plateau `constant` is the limit and `rate` the exponent of approach to it; an identity says
    `y = constant`; for a separation `rate` is the difference of two slopes, first component minus second.
    All fields are expressions in named parameters, written as text; `where` holds abbreviations
    (`{"beta": "d/(d-1)"}`). `plus` is the exponent of a second power and its coefficient relative to the first.
    """

    form: Form
    variable: str
    rate: str = "0"
    direction: Direction = Direction.SHARP
    log_power: str = "0"
    plus: tuple[str, str] | None = None
    constant: str | None = None
    where: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def power(
        cls,
        variable: str,
        exponent: str,
        *,
        direction: str = "sharp",
        log_power: str = "0",
        plus: tuple[str, str] | None = None,
        constant: str | None = None,
        where: Mapping[str, str] | None = None,
    ) -> Law:
        """Return `y ≍ constant · x^exponent · (log x)^log_power`, plus `plus[1] · x^plus[0]` in the same units.

        Decay has a negative exponent.
        """
        return cls(Form.POWER, variable, exponent, Direction(direction), log_power, plus, constant, dict(where or {}))

    @classmethod
    def exponential(
        cls, variable: str, rate: str, *, direction: str = "sharp", where: Mapping[str, str] | None = None
    ) -> Law:
        """Return `y ≍ exp(rate · x)`; decay has a negative rate, in inverse units of x."""
        return cls(Form.EXPONENTIAL, variable, rate, Direction(direction), where=dict(where or {}))

    @classmethod
    def plateau(
        cls,
        variable: str,
        limit: str,
        *,
        approach: str = "0",
        direction: str = "sharp",
        where: Mapping[str, str] | None = None,
    ) -> Law:
        """Return `y → limit`, with `|y − limit| ≍ x^approach` where the rate of approach is known."""
        return cls(Form.PLATEAU, variable, approach, Direction(direction), constant=limit, where=dict(where or {}))

    @classmethod
    def identity(
        cls, variable: str, value: str = "1", *, direction: str = "sharp", where: Mapping[str, str] | None = None
    ) -> Law:
        """Return `y = value` at every x up to a stated numerical error, or `y ≤ value`, `y ≥ value` by direction."""
        return cls(Form.IDENTITY, variable, "0", Direction(direction), constant=value, where=dict(where or {}))

    @classmethod
    def separation(
        cls,
        variable: str,
        difference: str,
        *,
        direction: str = "upper",
        where: Mapping[str, str] | None = None,
    ) -> Law:
        """Return a paired claim on two measured quantities: slope of the first minus slope of the second."""
        return cls(Form.SEPARATION, variable, difference, Direction(direction), where=dict(where or {}))

    def __post_init__(self) -> None:
        for text in (self.rate, self.log_power, self.constant, *(self.plus or ()), *self.where.values()):
            if text is not None:
                parse(text)

    @property
    def semilog(self) -> bool:
        """True where the x axis is linear: the slope of log y is taken against x itself."""
        return self.form is Form.EXPONENTIAL

    @cached_property
    def parameters(self) -> frozenset[str]:
        """Names that must be given before the law has a value."""
        texts = [self.rate, self.log_power, *(self.plus or ())] + ([self.constant] if self.constant else [])
        return frozenset(str(s) for text in texts for s in self._closed(text).free_symbols)

    def slope(self, parameters: Mapping[str, Number]) -> sp.Expr:
        """Return the predicted slope as an exact number; ValueError names a missing parameter."""
        return evaluate_number(self._closed(self.rate), parameters)

    def require_quantity(self, quantity: str) -> None:
        """Raise ValueError unless a measured slope, level or bound can be held against the law."""
        if quantity != "slope" and self.constant is None:
            raise ValueError(f"a {quantity} needs a law with a constant, which {self} is not")

    @property
    def approaches(self) -> bool:
        """True for a plateau with a rate of approach: the slope is then that of |y − limit|."""
        return self.form is Form.PLATEAU and parse(self.rate) != 0

    def level(self, parameters: Mapping[str, Number]) -> float | None:
        """Return the predicted constant (or limit, or value), None where the law does not fix one."""
        return None if self.constant is None else self._value(self.constant, parameters)

    def log_offset(self, x: Array, parameters: Mapping[str, Number]) -> Array:
        """Return the log of the known factors beyond the leading power, shape of x (natural log).

        `b log log x` for a log power and `log(1 + c x^(a2 − a1))` for a second power: what a regression
        subtracts so that the remaining slope is the leading exponent.
        """
        offset = np.zeros_like(x, dtype=float)
        log_power = self._value(self.log_power, parameters)
        if log_power:
            if np.any(x <= 1):
                raise ValueError(f"a law with a logarithm needs {self.variable} > 1, got {float(np.min(x))}")
            offset = offset + log_power * np.log(np.log(x))
        if self.plus is not None:
            second, weight = (self._value(text, parameters) for text in self.plus)
            first = float(self.slope(parameters))
            relative = weight * x ** (second - first)
            self._require_positive(1 + relative, x)
            offset = offset + np.log1p(relative)
        return offset

    def shape(self, x: Array, parameters: Mapping[str, Number]) -> Array:
        """Return the law's values at x up to its constant (with it where it is known)."""
        level = self.level(parameters)
        return np.asarray((1.0 if level is None else level) * np.exp(self._growth(x, parameters)))

    def log_shape(self, x: Array, parameters: Mapping[str, Number]) -> Array:
        """Return the natural log of `shape`; ValueError where the law is not positive."""
        level = self.level(parameters)
        scale = 1.0 if level is None else level
        self._require_positive(np.full_like(x, scale, dtype=float), x)
        return np.asarray(np.log(scale) + self._growth(x, parameters))

    @cached_property
    def expression(self) -> sp.Expr:
        """The right-hand side in its own letters, abbreviations not expanded."""
        x = sp.Symbol(self.variable, positive=True)
        if self.form in (Form.PLATEAU, Form.IDENTITY):
            return parse(self.constant or "1")
        if self.form is Form.SEPARATION:
            return parse(self.rate)
        if self.form is Form.EXPONENTIAL:
            return sp.exp(parse(self.rate) * x, evaluate=False)
        result = x ** parse(self.rate) * sp.log(x) ** parse(self.log_power)
        if self.plus is not None:
            result = sp.Add(result, parse(self.plus[1]) * x ** parse(self.plus[0]), evaluate=False)
        return result

    @property
    def tex(self) -> str:
        """The law as TeX, with its abbreviations."""
        parts = [f"{self._left} {self._relation[1]} {tex(self.expression)}"]
        parts += [f"{tex(parse(name))} = {tex(parse(text))}" for name, text in self.where.items()]
        return r",\quad ".join(parts)

    @property
    def mathml(self) -> str:
        """The law as a presentation-MathML element, with its abbreviations."""
        rows = [f"<mi>{self._left}</mi><mo>{escape(self._relation[0])}</mo>{mathml(self.expression)}"]
        rows += [f"{mathml(parse(n))}<mo>=</mo>{mathml(parse(t))}" for n, t in self.where.items()]
        separator = "<mo>,</mo><mspace width='1em'/>"
        return f'<math display="block"><mrow>{separator.join(rows)}</mrow></math>'

    def __str__(self) -> str:
        where = "".join(f", {name} = {text}" for name, text in self.where.items())
        text = str(self.expression).replace("**", "^").replace("*", "·")
        return f"{self._left} {self._relation[0]} {text}{where}"

    @property
    def _left(self) -> str:
        return "Δ" if self.form is Form.SEPARATION else "y"

    @property
    def _relation(self) -> tuple[str, str]:
        exact = self.form in (Form.IDENTITY, Form.PLATEAU)
        return (_EXACT if exact else _UP_TO_CONSTANTS)[self.direction]

    def _growth(self, x: Array, parameters: Mapping[str, Number]) -> Array:
        if self.form in (Form.PLATEAU, Form.IDENTITY):
            return np.zeros_like(x, dtype=float)
        slope = float(self.slope(parameters))
        return np.asarray(slope * (x if self.semilog else np.log(x)) + self.log_offset(x, parameters))

    def _value(self, text: str, parameters: Mapping[str, Number]) -> float:
        return float(evaluate_number(self._closed(text), parameters))

    def _require_positive(self, factor: Array, x: Array) -> None:
        if not np.all(factor > 0):
            at = int(np.argmin(factor > 0))
            raise ValueError(f"the law {self} is not positive at {self.variable} = {x[at]:g}: it has no logarithm")

    def _closed(self, text: str) -> sp.Expr:
        """Parse and expand abbreviations until none is left; they may refer to each other."""
        expression = parse(text)
        definitions = {sp.Symbol(name): parse(value) for name, value in self.where.items()}
        for _ in definitions:
            expression = expression.subs(definitions)
        return expression
