"""Values of matrix entries that are written as arithmetic, such as `(1+2*i)/sqrt(5)`.

Python's own parser reads the text, and each part is looked up in short lists of what is allowed.
Nothing is ever given to `eval`. Integers become floating-point numbers, so that no text can ask for
a number of a million digits.

Roots and powers are principal values: `sqrt(-1)` and `(-1)**0.5` are `i`.

`+ - * /` and `sqrt` are correctly rounded everywhere. `exp`, `cos` and `sin` come from the C
library, whose last bit may differ between machines. The recipe holds the entries as exact numbers,
so such a difference gives another recipe id and never stays unseen. Prefer forms with `sqrt`:
`(1+i)/sqrt(2)` to `exp(i*pi/4)`.
"""

from __future__ import annotations

import ast
import cmath
import math
import operator
import warnings
from collections.abc import Callable

from qframe import ConfigError

Number = float | complex

MAX_LENGTH = 200
"""Characters that an expression may have."""

MAX_DEPTH = 40
"""Nested operations that an expression may have."""

MAX_EXPONENT = 64
"""Largest absolute value of an exponent."""

ALLOWED = (
    "numbers, + - * / **, parentheses, i, j, pi, tau, e, sqrt(), exp(), cos() and sin(), "
    "for example (1+2*i)/sqrt(5)"
)


def _real_or_complex(
    real: Callable[[float], float], general: Callable[[complex], complex]
) -> Callable[[Number], Number]:
    def call(x: Number) -> Number:
        return general(x) if isinstance(x, complex) else real(x)

    return call


def _principal(x: complex) -> complex:
    """The same number; an imaginary part of -0.0 becomes 0.0.

    Which sign a zero gets depends on how a number is written, and on the version of Python. With
    -0.0 a root of a negative number would be the conjugate of the principal one: sqrt(-4) = -2i.
    """
    return complex(x.real, x.imag + 0.0)


def _sqrt(x: Number) -> Number:
    if isinstance(x, complex):
        return cmath.sqrt(_principal(x))
    return cmath.sqrt(x) if x < 0 else math.sqrt(x)


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(exponent, complex):
        raise _NotAllowedError("a complex exponent (write it with exp())")
    if not abs(exponent) <= MAX_EXPONENT:
        raise _NotAllowedError(f"an exponent beyond {MAX_EXPONENT}")
    value: Number = (_principal(base) if isinstance(base, complex) else base) ** exponent
    return value


CONSTANTS: dict[str, Number] = {
    "i": 1j,
    "j": 1j,
    "pi": math.pi,
    "tau": math.tau,
    "e": math.e,
}
FUNCTIONS: dict[str, Callable[[Number], Number]] = {
    "sqrt": _sqrt,
    "exp": _real_or_complex(math.exp, cmath.exp),
    "cos": _real_or_complex(math.cos, cmath.cos),
    "sin": _real_or_complex(math.sin, cmath.sin),
}
_BINARY: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: _power,
}
_UNARY: dict[type[ast.unaryop], Callable[[Number], Number]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}


class _NotAllowedError(Exception):
    """Names what is not allowed in an expression: the message says that the expression has it."""


def evaluate(text: str) -> complex:
    """The value of an expression.

    Raises:
        ConfigError: names the expression, what is wrong with it, and what is allowed.
    """
    try:
        if len(text) > MAX_LENGTH:
            raise _NotAllowedError(f"{len(text)} characters, want at most {MAX_LENGTH}")
        value = complex(_value(_parse(text.strip()), MAX_DEPTH))
    except _NotAllowedError as cause:
        raise _refusal(text, str(cause)) from None
    except ZeroDivisionError:
        raise _refusal(text, "a division by zero") from None
    except OverflowError:
        raise _refusal(text, "a number too large") from None
    except ValueError:
        raise _refusal(text, "a function where it has no value") from None
    if not cmath.isfinite(value):
        raise _refusal(text, "a value that is not finite")
    return value


def _refusal(text: str, why: str) -> ConfigError:
    shown = text if len(text) <= 60 else text[:57] + "..."
    return ConfigError(f"expression {shown!r} has {why}", hint=f"allowed are {ALLOWED}")


def _parse(text: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the tokenizer warns of text such as `1if`
            return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _NotAllowedError("no meaning as arithmetic" if text else "nothing in it") from None


def _value(node: ast.expr, depth: int) -> Number:
    if depth == 0:
        raise _NotAllowedError(f"more than {MAX_DEPTH} nested operations")
    match node:
        case ast.Constant(value=bool()):
            raise _NotAllowedError(f"{node.value!r} in it")
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Constant(value=complex() as number):
            return number
        case ast.Name(id=name) if name in CONSTANTS:
            return CONSTANTS[name]
        case ast.Name(id=name):
            raise _NotAllowedError(f"an unknown name {name!r}")
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            return _UNARY[type(op)](_value(operand, depth - 1))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_value(left, depth - 1), _value(right, depth - 1))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](_value(argument, depth - 1))
        case ast.Call(func=ast.Name(id=name)) if name in FUNCTIONS:
            raise _NotAllowedError(f"{name}() with other than one number")
        case ast.Call(func=ast.Name(id=name)):
            raise _NotAllowedError(f"an unknown function {name!r}")
        case _:
            raise _NotAllowedError(f"something that is not arithmetic ({type(node).__name__})")
