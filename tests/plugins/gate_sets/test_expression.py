"""Expressions: they mean what Python and mathematics say, and nothing else gets through."""

from __future__ import annotations

import cmath
import contextlib
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qframe import ConfigError
from qframe_plugins.gate_sets._gates.expression import MAX_DEPTH, MAX_LENGTH, evaluate


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-1", -1),
        ("+2.5e-3", 0.0025),
        ("1/sqrt(2)", 1 / math.sqrt(2)),
        ("2*i/sqrt(5)", 2j / math.sqrt(5)),
        ("(1+2*i)/sqrt(5)", (1 + 2j) / math.sqrt(5)),
        ("exp(i*pi/4)", cmath.exp(1j * math.pi / 4)),
        ("cos(pi/8) - j*sin(pi/8)", complex(math.cos(math.pi / 8), -math.sin(math.pi / 8))),
        ("sqrt(-1)", 1j),
        ("-i**2", 1),
        ("2**-0.5", 2**-0.5),
        ("0.5j", 0.5j),
        ("tau/2 - pi", 0),
        ("exp(1) - e", 0),
        ("  1 + 1  ", 2),
    ],
)
def test_values(text: str, value: complex) -> None:
    assert evaluate(text) == value


def test_sqrt_is_correctly_rounded() -> None:
    assert evaluate("sqrt(1/2)") == float.fromhex("0x1.6a09e667f3bcdp-1")


NEGATIVE = [
    ("-4", 4),
    ("cos(2)", -math.cos(2)),
    ("i*i", 1),
    ("-(1+0*i)", 1),
    ("-1*(1+0*i)", 1),
    ("(1+0*i)*(-1)", 1),
    ("-(i*-i)", 1),
    ("-1-0*i", 1),
    ("-0.0*i-1", 1),
    ("i**2", 1),
    ("i/-i", 1),
    ("(-i)**-2", 1),
    ("cos(2+0*i)", -math.cos(2)),
    ("sin(4-0*i)", -math.sin(4)),
    ("-exp(0*i)", 1),
    ("-exp(-0.0*i)", 1),
    ("-sqrt(4+0*i)", 2),
]


@pytest.mark.parametrize(("text", "size"), NEGATIVE)
def test_roots_of_a_negative_number_are_principal_however_it_is_written(
    text: str, size: float
) -> None:
    """The square root of -x is i sqrt(x): the sign of a zero imaginary part means nothing."""
    assert evaluate(text) == pytest.approx(-size, rel=1e-15)
    root = complex(0, math.sqrt(size))
    eighth = complex(math.sqrt(1 / 2), math.sqrt(1 / 2))
    for written, want in (
        (f"sqrt({text})", root),
        (f"({text})**0.5", root),
        (f"({text})**-0.5", 1 / root),
        (f"({text})**1.5", root**3),
        (f"({text})**0.25", eighth * size**0.25),
        (f"sqrt(sqrt({text}))", eighth * size**0.25),
    ):
        assert evaluate(written) == pytest.approx(want, rel=1e-14)


def principal(z: complex) -> complex:
    """The same number with zeros that are positive: the branch is that of the number."""
    return complex(z.real + 0.0, z.imag + 0.0)


def root(z: complex) -> complex:
    return cmath.sqrt(principal(z))


def power(base: complex, exponent: complex) -> complex:
    """The principal value, exp(exponent * log(base))."""
    if base == 0:
        return math.pow(0.0, exponent.real)
    return cmath.exp(exponent * cmath.log(principal(base)))


@dataclass(frozen=True)
class Written:
    """An expression: how it is written, and what it computes from the values of its operands."""

    text: str
    compute: Callable[..., complex]
    operands: tuple[Written, ...] = ()


def leaf(text: str, value: complex) -> Written:
    return Written(text, lambda: value)


LEAVES = {"i": 1j, "j": 1j, "2j": 2j, "pi": math.pi, "tau": math.tau, "e": math.e}
EXPONENTS = {
    **{str(n): n for n in (0, 1, 2, 3, 4, -1, -2, 0.5, -0.5, 1.5, -2.25)},
    **{f"(1/{n})": 1 / n for n in (2, 3, 4, 8)},
}
OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
FUNCTIONS = {"sqrt": root, "exp": cmath.exp, "cos": cmath.cos, "sin": cmath.sin}

numbers = st.one_of(
    st.one_of(st.integers(0, 50), st.floats(0.01, 50)).map(lambda x: leaf(repr(x), x)),
    st.sampled_from([leaf(*item) for item in LEAVES.items()]),
)
expressions = st.recursive(
    numbers,
    lambda inner: st.one_of(
        st.builds(
            lambda a, sign, b: Written(f"({a.text} {sign} {b.text})", OPERATORS[sign], (a, b)),
            inner,
            st.sampled_from(list(OPERATORS)),
            inner,
        ),
        st.builds(
            lambda name, a: Written(f"{name}({a.text})", FUNCTIONS[name], (a,)),
            st.sampled_from(list(FUNCTIONS)),
            inner,
        ),
        st.builds(
            lambda a, n: Written(f"({a.text})**{n.text}", power, (a, n)),
            inner,
            st.sampled_from([leaf(*item) for item in EXPONENTS.items()]),
        ),
        inner.map(lambda a: Written(f"(-{a.text})", operator.neg, (a,))),
    ),
    max_leaves=8,
)


@given(expressions)
@example(Written("sqrt(cos(2))", root, (Written("cos(2)", cmath.cos, (leaf("2", 2),)),)))
def test_a_value_is_what_python_computes(expression: Written) -> None:
    """Step by step: the value is what Python makes of the values of the operands.

    Each step is rounded once, so that no error grows, and a root takes its side of the branch cut
    from the number that qframe itself found, so that no rounding decides it.
    """
    try:
        operands = [complex(evaluate(operand.text)) for operand in expression.operands]
    except ConfigError:
        return  # an example of its own
    try:
        want = complex(expression.compute(*operands))
    except (ZeroDivisionError, OverflowError, ValueError):
        want = complex("nan")
    try:
        got = evaluate(expression.text)
    except ConfigError:
        # Refused, and rightly so: without value, or longer than anyone writes, or so large or so
        # small that the real and the complex function give up at different places.
        size = abs(want) if cmath.isfinite(want) else math.inf
        assert len(expression.text) > MAX_LENGTH or not 1e-100 < size < 1e100
        return
    assert not cmath.isfinite(want) or got == pytest.approx(want, rel=1e-11, abs=1e-100)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "__import__('os').system('true')",
        "(1).__class__",
        "().__class__.__bases__[0].__subclasses__()",
        "i.real",
        "pi.__class__",
        "sqrt.__globals__",
        "sqrt",
        "sqrt(2, 3)",
        "sqrt(x=2)",
        "sqrt(*[2])",
        "sqrt(**{})",
        "sqrt()",
        "sqrt(2)(3)",
        "(lambda: 1)()",
        "[1][0]",
        "{1: 2}[1]",
        "[x for x in (1,)]",
        "1 if 1 else 2",
        "1 < 2",
        "1 and 2",
        "not 1",
        "~1",
        "7 // 2",
        "7 % 2",
        "1 << 900",
        "1 @ 2",
        "1, 2",
        "(x := 1)",
        "'1'",
        "b'1'",
        "f'{1}'",
        "...",
        "None",
        "True",
        "nan",
        "inf",
        "x",
        "open('/etc/passwd')",
        "eval('1')",
        "1; 2",
        "x = 1",
        "import os",
        "1\n2",
        "#",
        "",
        "   ",
        "\0",
        "1\0",
        "\ud800",
        "((1)",
        "1if 1else 2",
        "0x",
        "'\\d'",
        "await 1",
        "yield",
    ],
)
def test_what_is_not_arithmetic_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        evaluate(text)
    assert "\n" not in caught.value.message
    assert caught.value.hint is not None
    assert "sqrt()" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("9**9**9", "beyond 64"),
        ("9**9**9**9**9**9", "exponent|large"),
        ("2**1000000000", "beyond 64"),
        ("(10**60)**60", "too large"),
        ("2**i", "complex exponent"),
        ("9" * 5000, "5000 characters"),
        ("1e308*10", "not finite"),
        ("1e400", "not finite"),
        ("1e400-1e400", "not finite"),
        ("exp(1000)", "too large"),
        ("exp(exp(exp(9)))", "too large"),
        ("sin(1e400)", "no value"),
        ("1/0", "division by zero"),
        ("1/(i-i)", "division by zero"),
        ("0**-1", "division by zero"),
        ("-" * 150 + "1", f"{MAX_DEPTH} nested"),
        ("1" + "+1" * 90, f"{MAX_DEPTH} nested"),
        ("(" * 300 + "1" + ")" * 300, "601 characters"),
        ("(" * 198 + "1)", "no meaning"),
    ],
)
def test_too_much_is_refused_at_once(text: str, why: str) -> None:
    """Computed after all, some of these would take years."""
    with pytest.raises(ConfigError, match=why):
        evaluate(text)


@given(st.text(max_size=300))
def test_any_text_has_a_finite_value_or_is_refused(text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert cmath.isfinite(evaluate(text))


@given(st.text(alphabet="()+-*/.eij0123456789 piqrstu_,", max_size=60))
def test_any_text_that_looks_like_arithmetic(text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert cmath.isfinite(evaluate(text))
