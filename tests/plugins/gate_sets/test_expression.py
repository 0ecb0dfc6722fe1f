"""Expressions: they mean what Python and mathematics say, and nothing else gets through."""

from __future__ import annotations

import cmath
import contextlib
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qframe import ConfigError
from qframe_plugins.gate_sets._gates.expression import MAX_DEPTH, MAX_LENGTH, evaluate

PYTHON = {
    "i": 1j,
    "j": 1j,
    "pi": cmath.pi,
    "tau": cmath.tau,
    "e": cmath.e,
    "sqrt": cmath.sqrt,
    "exp": cmath.exp,
    "cos": cmath.cos,
    "sin": cmath.sin,
}


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


numbers = st.one_of(
    st.integers(0, 50).map(str),
    st.floats(0.01, 50, allow_nan=False).map(repr),
    st.sampled_from(["i", "j", "pi", "tau", "e", "2j"]),
)
expressions = st.recursive(
    numbers,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        st.tuples(st.sampled_from(["sqrt", "exp", "cos", "sin"]), inner).map(
            lambda t: f"{t[0]}({t[1]})"
        ),
        st.tuples(inner, st.integers(0, 4)).map(lambda t: f"({t[0]})**{t[1]}"),
        inner.map(lambda t: f"-{t}"),
    ),
    max_leaves=8,
)


@given(expressions)
def test_a_value_is_what_python_computes(text: str) -> None:
    """Python, with every function a complex one; where Python has no value, neither have we."""
    try:
        want = complex(eval(text, {"__builtins__": {}}, PYTHON))
    except (ZeroDivisionError, OverflowError, ValueError):
        want = complex("nan")
    try:
        got = evaluate(text)
    except ConfigError:
        # Refused, and rightly so: without value, or longer than anyone writes, or the real and the
        # complex function give up at different places.
        assert not cmath.isfinite(want) or len(text) > MAX_LENGTH or abs(want) > 1e100
        return
    if cmath.isfinite(want) and abs(want) < 1e6:
        assert got == pytest.approx(want, rel=1e-6, abs=1e-6)


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
    start = time.process_time()
    with pytest.raises(ConfigError, match=why):
        evaluate(text)
    assert time.process_time() - start < 10


@given(st.text(max_size=300))
def test_any_text_has_a_finite_value_or_is_refused(text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert cmath.isfinite(evaluate(text))


@given(st.text(alphabet="()+-*/.eij0123456789 piqrstu_,", max_size=60))
def test_any_text_that_looks_like_arithmetic(text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert cmath.isfinite(evaluate(text))
