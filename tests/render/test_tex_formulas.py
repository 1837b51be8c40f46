"""Formulas in words become formulas in TeX with the same brackets."""

import pytest

from backprop_cli.core.activations import ACTIVATIONS
from backprop_cli.explanations.formulas import derivative_formula, value_formula
from backprop_cli.render.tex_formulas import filled, from_words, product
from tests.render.tex import faults


@pytest.mark.parametrize(
    ("function", "values", "tex"),
    [
        ("max({0}, 0)", ["-1.5"], r"\max(-1.5, 0)"),
        ("max(-1, min({0} - {1}, 1))", ["-1", "-2"], r"\max(-1, \min(-1 - (-2), 1))"),
        ("leaky_relu({0}, 0.01)", ["2"], r"\operatorname{LeakyReLU}_{0.01}(2)"),
        ("sigmoid({0})", ["0.5"], r"\sigma(0.5)"),
        ("({0} - {1})^2 / 2", ["1", "-2"], r"\frac{(1 - (-2))^{2}}{2}"),
        ("|{0} - {1}|", ["-1", "2"], "|-1 - 2|"),
        ("1 * (|{0} - {1}| - 1 / 2)", ["3", "1"], r"1 \cdot (|3 - 1| - \frac{1}{2})"),
        ("-({1} * log({0}) + (1 - {1}) * log(1 - {0}))", ["0.9", "1"], None),
        ("-{1} / {0}", ["-0.5", "-1"], r"-\frac{-1}{-0.5}"),
        ("-{1} * {0}", ["-0.5", "-1"], r"-(-1) \cdot (-0.5)"),
        ("{0}^2", ["-3"], "(-3)^{2}"),
        ("{0}^2", [r"2 \times 10^{-5}"], r"(2 \times 10^{-5})^{2}"),
        ("{0} * {0}", [r"2 \times 10^{-5}"], r"2 \times 10^{-5} \cdot 2 \times 10^{-5}"),
        ("({0} + 1) * 2", ["1"], r"(1 + 1) \cdot 2"),
        ("exp({0}) / (exp({0}) + exp({1}))", ["1", "-2"], r"\frac{e^{1}}{e^{1} + e^{-2}}"),
        ("{0} - log({1})", ["-1", "2"], r"-1 - \log(2)"),
    ],
)
def test_functions_of_numbers(function: str, values: list[str], tex: str | None) -> None:
    expected = r"-(1 \cdot \log(0.9) + (1 - 1) \cdot \log(1 - 0.9))" if tex is None else tex
    assert filled(function, values) == expected


@pytest.mark.parametrize(
    ("words", "tex"),
    [
        ("tanh'(z) = 1 - tanh(z)^2", r"\tanh'(z) = 1 - \tanh(z)^{2}"),
        ("elu(z, 2) = z if z > 0, else 2 * (exp(z) - 1)",
         r"\operatorname{ELU}_{2}(z) = z \text{ if } z > 0, \text{ else } 2 \cdot (e^{z} - 1)"),
        ("softmax(z[0])[1] = exp(z[0,1]) / (sum over neurons k of exp(z[0,k]))",
         r"\operatorname{softmax}(z_{0})_{1} = \frac{e^{z_{0,1}}}{\sum_{k} e^{z_{0,k}}}"),
        ("layers[1].outputs[:,2]", r"y^{(1)}_{\cdot,2}"),
        ("sqrt(2 * pi)", r"\sqrt{2 \cdot \pi}"),
    ],
)  # fmt: skip
def test_equations(words: str, tex: str) -> None:
    assert from_words(words) == tex


@pytest.mark.parametrize(
    "text",
    [
        *("", "z +", "z)", "(z", "|z", "max(z", "* z", "[1]", "speed", "z'", "cosine(z)", "z z", "a: b"),
        "1 if j is 2, else 0",
    ],
)
def test_what_is_no_formula(text: str) -> None:
    with pytest.raises(ValueError, match=r"formula|number|missing|letter|function"):
        from_words(text)


def test_the_formula_of_every_activation_has_tex() -> None:
    for f in ACTIVATIONS.values():
        for line in (*value_formula(f), *derivative_formula(f)):
            assert faults(from_words(line)) == []


def test_products() -> None:
    assert product(["0.5", "-2"], subtracted=True) == r"-0.5 \cdot (-2)"
    assert product(["-0.5"], subtracted=True) == "-(-0.5)"
