"""Quizzes in Moodle XML and GIFT, read back by strict readers, and marked as Moodle marks answers."""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache
from typing import Any, Protocol

import pytest

from backprop_cli.checks.mistakes import wrong_values
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution
from backprop_cli.exercises.exercise import Exercise
from backprop_cli.exercises.quiz import Quiz, WrongAnswer, quiz
from backprop_cli.render.exercises import gift, moodle
from tests.any_problem import any_problem
from tests.conftest import sized
from tests.exercises.exercises import exercise_of, quiz_of
from tests.render.exercises import gift_reader, moodle_reader
from tests.render.exercises.moodle_reader import Alternative, visible, visible_name

Exact = list[list[Fraction]]
ROUNDINGS = (ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_HALF_DOWN)


class Marks(Protocol):
    """A gap or a question."""

    @property
    def alternatives(self) -> Sequence[Alternative]: ...

    def matched(self, typed: str) -> Alternative | None: ...


def read_moodle(quizzes: Sequence[Quiz]) -> list[dict[str, Marks]]:
    """Return by entry what marks answers, quiz by quiz, read from Moodle XML."""
    _, questions = moodle_reader.read("".join(moodle.quiz(quizzes)))
    return [
        dict(zip([gap.entry for gaps in each.gaps for gap in gaps], question.gaps, strict=True))
        for each, question in zip(quizzes, questions, strict=True)
    ]


def read_gift(quizzes: Sequence[Quiz]) -> list[dict[str, Marks]]:
    """Return by entry what marks answers, quiz by quiz, read from GIFT."""
    _, questions = gift_reader.read("".join(gift.quiz(quizzes)))
    rest = iter(questions)
    return [{gap.entry: next(rest) for gaps in each.gaps for gap in gaps} for each in quizzes]


READERS = pytest.mark.parametrize("read", [read_moodle, read_gift])


def rounded(value: Fraction, digits: int) -> set[str]:
    """Return the decimals that a student may round a number to."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return {f"{exact.quantize(Decimal(1).scaleb(-digits), rounding):f}" for rounding in ROUNDINGS}


def assert_right(marks: Marks, typed: str) -> None:
    found = marks.matched(typed)
    assert found is not None, typed
    assert (found.fraction, found.feedback) == (1, ""), typed


def assert_named(marks: Marks, typed: str, description: str) -> None:
    """Check that an answer is wrong and its feedback names a mistake, or is within the tolerance of the right one."""
    right = marks.alternatives[0]
    if abs(Decimal(typed) - Decimal(right.answer)) <= Decimal(right.tolerance):
        assert_right(marks, typed)
        return
    found = marks.matched(typed)
    assert found is not None, f"{typed}: {description}"
    assert found.fraction == 0
    assert description in visible(found.feedback)


# Problems of one dense layer with ReLU, and mistakes by hand in fractions


def relu_problem(seed: int) -> dict[str, Any]:
    """Return a layer of tenths, or of quarters; now and then with as many samples as inputs and neurons.

    Quarters are exact in float64, and so are kinks; a z that is 0 as a sum of tenths might not be.
    """
    rng = random.Random(seed)
    n, i, j = [2, 2, 2] if seed % 3 == 0 else [rng.randint(2, 4), rng.randint(1, 4), rng.randint(2, 3)]
    unit = 4 if seed % 2 else 10

    def matrix(n_rows: int, n_columns: int) -> list[list[float]]:
        return [[rng.randint(-20, 20) / unit for _ in range(n_columns)] for _ in range(n_rows)]

    while True:
        problem = {"inputs": matrix(n, i), "weights": matrix(i, j), "biases": matrix(1, j)[0]}
        if unit == 4 or all(value for row in z_of(problem) for value in row):
            return problem | {"activation": "relu", "upstream": matrix(n, j), "learning_rate": 0.5}


def z_of(problem: Mapping[str, Any]) -> Exact:
    inputs, weights, biases = exact(problem["inputs"]), exact(problem["weights"]), exact([problem["biases"]])
    return added(times(inputs, weights), biases * len(inputs))


def exact(matrix: Sequence[Sequence[float]]) -> Exact:
    return [[Fraction(str(value)) for value in row] for row in matrix]


def times(left: Exact, right: Exact) -> Exact:
    return [
        [sum((a * b for a, b in zip(row, column, strict=True)), Fraction()) for column in turned(right)] for row in left
    ]


def turned(matrix: Exact) -> Exact:
    return [list(row) for row in zip(*matrix, strict=True)]


def added(left: Exact, right: Exact) -> Exact:
    return [[a + b for a, b in zip(*rows, strict=True)] for rows in zip(left, right, strict=True)]


def scaled(matrix: Exact, factor: Fraction | int) -> Exact:
    return [[factor * value for value in row] for row in matrix]


def of_dz(inputs: Exact, weights: Exact, dz: Exact) -> dict[str, Exact]:
    """Return the gradients that follow from dz."""
    return {
        "dz": dz,
        "dweights": times(turned(inputs), dz),
        "dbiases": [[sum(column, Fraction()) for column in zip(*dz, strict=True)]],
        "dinputs": times(dz, turned(weights)),
    }


def mistakes_by_hand(problem: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Exact]]]:
    """Yield the right values, with an empty name, and what mistakes make of them, by a part of their descriptions."""
    inputs, weights, upstream = (exact(problem[name]) for name in ("inputs", "weights", "upstream"))
    z, n = z_of(problem), len(inputs)

    def masked(keeps: Callable[[Fraction, Fraction], bool]) -> Exact:
        return [
            [up if keeps(value, up) else Fraction() for value, up in zip(*rows, strict=True)]
            for rows in zip(z, upstream, strict=True)
        ]

    dz = masked(lambda value, _up: value > 0)
    right = of_dz(inputs, weights, dz)
    yield "", right
    yield "mask forgotten", of_dz(inputs, weights, upstream)
    yield "mask taken from the upstream gradient", of_dz(inputs, weights, masked(lambda _z, up: up > 0))
    yield "mask inverted", of_dz(inputs, weights, masked(lambda value, _up: value <= 0))
    yield "z >= 0 in place of z > 0", of_dz(inputs, weights, masked(lambda value, _up: value >= 0))
    yield "the sign is turned round", {name: scaled(value, -1) for name, value in right.items()}
    yield "the gradient doubled", {name: scaled(value, 2) for name, value in right.items()}
    means = {f"divided by n_samples = {n}: a mean": Fraction(1, n), f"multiplied by n_samples = {n}": Fraction(n)}
    for text, factor in means.items():
        yield text, {name: scaled(value, factor) for name, value in right.items()}
    for k, which in ((0, "first"), (n - 1, "last")):
        alone = of_dz([inputs[k]], weights, [dz[k]])
        yield f"the gradient of the {which} sample alone", {name: alone[name] for name in ("dweights", "dbiases")}
    total = sum((value for row in dz for value in row), Fraction())
    yield "summed over everything", {"dbiases": [[total for _ in dz[0]]]}
    yield "made of dweights", {"dbiases": [[sum(column, Fraction()) for column in turned(right["dweights"])]]}
    for name, value in right.items():
        if len(value) == len(value[0]) > 1 and name != "dbiases":
            yield f"the transpose of {name}", {name: turned(value)}
    if len(weights) == len(weights[0]):
        yield "dz @ weights, not dz @ weights.T", {"dinputs": times(dz, weights)}
    uphill = {
        "new_weights": added(weights, scaled(right["dweights"], Fraction(1, 2))),
        "new_biases": added(exact([problem["biases"]]), scaled(right["dbiases"], Fraction(1, 2))),
    }
    yield "a step uphill", uphill


def entries(name: str, values: Exact) -> Iterator[tuple[str, Fraction]]:
    for i, row in enumerate(values):
        for j, value in enumerate(row):
            yield f"{name}[{j}]" if "biases" in name else f"{name}[{i},{j}]", value


@sized("n", 8, 200)
@READERS
def test_mistakes_by_hand_get_their_feedback(read: Callable[[Sequence[Quiz]], list[dict[str, Marks]]], n: int) -> None:
    problems = [relu_problem(seed) for seed in range(n)]
    digits = [seed % 3 for seed in range(n)]
    quizzes = [quiz_of(problem, digits=d) for problem, d in zip(problems, digits, strict=True)]
    n_wrong = n_ties = 0
    for problem, decimals, marks in zip(problems, digits, read(quizzes), strict=True):
        for text, values in mistakes_by_hand(problem):
            for name, matrix in values.items():
                for entry, value in entries(name, matrix):
                    typed = rounded(value, decimals)
                    n_ties += len(typed) == 2
                    for each in typed:
                        assert_named(marks[entry], each, text) if text else assert_right(marks[entry], each)
                        n_wrong += bool(text) and marks[entry].matched(each).fraction == 0  # type: ignore[union-attr]
    assert n_wrong > 100 * n
    assert n_ties > 5 * n


@cache
def quizzes_of_every_kind(n: int) -> list[tuple[Exercise, Solution, Quiz]]:
    made = (exercise_of(any_problem(seed), digits=(3, 2, 4, 1)[seed % 4]) for seed in range(n))
    return [(exercise, solution, quiz(exercise, solution)) for exercise, solution in made]


@sized("n", 6, 200)
@READERS
def test_quizzes_of_every_kind(read: Callable[[Sequence[Quiz]], list[dict[str, Marks]]], n: int) -> None:
    """Every activation, loss and convention: right answers, each mistake of the table, and nothing between them."""
    made = quizzes_of_every_kind(n)
    quizzes = [each for *_, each in made]
    for (exercise, solution, _), marks in zip(made, read(quizzes), strict=True):
        nodes = {
            solution.problem.place(i, name): Node(i, name)
            for i, layer in enumerate(solution.layers)
            for name in layer.computed
        }
        for asked in exercise.asked:
            matrix = asked.matrix
            places = [matrix.entry(*divmod(k, matrix.grid.shape[1])) for k in range(matrix.values.size)]
            for place, value in zip(places, asked.answers.ravel(), strict=True):
                for typed in rounded(Fraction(value), exercise.digits):
                    assert_right(marks[place], typed)
            for wrong in wrong_values(solution, nodes[matrix.place]):
                for place, value in zip(places, wrong.value.ravel().tolist(), strict=True):
                    text = re.sub(r': (?:with )?"(?:weight|samples).*', "", wrong.description)
                    for typed in rounded(Fraction(value), exercise.digits):
                        assert_named(marks[place], typed, text)


@READERS
def test_no_two_answers_of_a_gap_are_equal(read: Callable[[Sequence[Quiz]], list[dict[str, Marks]]]) -> None:
    for marks in read([quiz_of(any_problem(seed), digits=seed % 4) for seed in range(8)]):
        for gap in marks.values():
            answers = [Decimal(each.answer) for each in gap.alternatives]
            assert len(set(answers)) == len(answers)
            assert [each.fraction for each in gap.alternatives] == [1, *[0] * (len(answers) - 1)]


# Titles as they are in a file, and as a reader sees them
TITLES = {
    "a ]]> b": "a ]]> b",
    "a } b": "a } b",
    "{1:SHORTANSWER:=x}": "{1:SHORTANSWER:=x}",
    "{#1}": "{#1}",
    "{": "{",
    "~ # = : %100% \\": "~ # = : %100% \\",
    "\\} \\~ \\\\ \\n": "\\} \\~ \\\\ \\n",
    "&amp; &&058; &#65; &": "&amp; &&058; &#65; &",
    "<b>bold</b> & 'x' \"y\"": "<b>bold</b> & 'x' \"y\"",
    "a<b": "a<b",
    "::name::": "::name::",
    "// a comment": "// a comment",
    "$CATEGORY: x": "$CATEGORY: x",
    "[markdown] *x*": "[markdown] *x*",
    "one\ntwo\r\nthree": "one\\ntwo\\r\\nthree",
    "NUL \0, ESC \x1b, U+FFFE \ufffe \uffff": "NUL \\x00, ESC \\x1b, U+FFFE \\ufffe \\uffff",
    "\N{GRINNING FACE} \u0416 \u2212": "\N{GRINNING FACE} \u0416 \u2212",
    "\ud800": "\\ud800",
    "0": "0",
}


HOSTILE = ["a ]]> } ~ # \\ = : b", "\\} \\# \\~ \\", "&amp; &amp;amp; <b>", "{1:NUMERICAL:=1:2} {#1}"]
HOSTILE += ["#### \N{RIGHTWARDS ARROW}", "\\"]


@READERS
@pytest.mark.parametrize("texts", [HOSTILE, *([text] for text in HOSTILE)], ids=ascii)
def test_a_description_survives(read: Callable[[Sequence[Quiz]], list[dict[str, Marks]]], texts: list[str]) -> None:
    found = quiz_of(relu_problem(0), ask=["dbiases"])
    wrong = (
        WrongAnswer(answer="99.000", names=("a",) * len(texts), descriptions=tuple(texts)),
        WrongAnswer(answer="-99.000", names=("b",), descriptions=("the last one",)),
    )
    gaps = tuple(replace(gap, wrong=wrong) for gap in found.gaps[0])
    for marks in read([replace(found, gaps=(gaps,))])[0].values():
        assert len(marks.alternatives) == 3
        assert_named(marks, "99", "\n- ".join(["", *texts]) if len(texts) > 1 else f" to this number: {texts[0]}")
        assert_named(marks, "-99", " to this number: the last one")


@pytest.mark.parametrize("identity", ["seed 5, [a] \\] <b> & c", "x" * 150])
def test_an_identity_survives(identity: str) -> None:
    found = quiz_of(relu_problem(0), ask=["dbiases"])
    found = replace(found, exercise=replace(found.exercise, identity=identity))
    _, (question,) = moodle_reader.read("".join(moodle.quiz([found])))
    _, questions = gift_reader.read("".join(gift.quiz([found])))
    assert question.idnumber == identity[:100]
    assert [each.idnumber for each in questions] == [f"{identity[:90]}-dbiases-{k}" for k in range(2)]


@pytest.mark.parametrize("title", TITLES, ids=ascii)
def test_a_title_survives(title: str) -> None:
    found = quiz_of(relu_problem(0) | {"title": title, "source": title}, ask=["dbiases"])
    _, (question,) = moodle_reader.read("".join(moodle.quiz([found])))
    _, (first, _) = gift_reader.read("".join(gift.quiz([found])))
    assert len(question.gaps) == 2
    seen = TITLES[title]
    for text in (question.text, first.text):
        assert visible(text).startswith(seen)
        assert "max(0, z), a <function> of z & no other.\nCompute {#1} and {all} gradients." in visible(text)
    assert visible(question.general_feedback).endswith(f"Source: {seen}")
    as_name = re.sub(r"<(?!\s)", "< ", seen)  # Moodle would remove a tag from a name
    assert visible_name(question.name) == as_name
    assert visible_name(first.name) == f"{as_name} dbiases[0]"


def test_names_are_unique_and_not_too_long() -> None:
    titles = ["A", "A (2)", "A", "A", "x" * 300, "x" * 300]
    quizzes = [quiz_of(relu_problem(0) | {"title": title}, ask=["dbiases"]) for title in titles]
    _, questions = moodle_reader.read("".join(moodle.quiz(quizzes)))
    long = "x" * 177 + "..."
    assert [each.name for each in questions] == ["A", "A (2)", "A (3)", "A (4)", long, f"{long} (2)"]
    _, of_entries = gift_reader.read("".join(gift.quiz(quizzes)))
    names = [each.name for each in of_entries]
    assert len(set(names)) == len(names) == 12
    assert max(map(len, names)) <= 255


def test_what_a_question_has_besides_gaps() -> None:
    problem = relu_problem(0) | {"activation": "leaky_relu(0.25)", "loss": "huber(0.5)", "targets": [[1, 2], [3, 4]]}
    del problem["upstream"]
    found = quiz_of(problem, ask=["loss", "dweights"])
    category, (question,) = moodle_reader.read("".join(moodle.quiz([found])))
    of_gift, questions = gift_reader.read("".join(gift.quiz([found])))
    assert category == of_gift == "$course$/top/Backpropagation"
    assert question.tags == questions[0].tags == ["backpropagation", "leaky_relu(0.25)", "huber(0.5)"]
    assert question.idnumber == found.exercise.identity
    assert [each.idnumber.removeprefix(question.idnumber) for each in questions] == [
        *("-loss", "-dweights-0-0", "-dweights-0-1", "-dweights-1-0", "-dweights-1-1")
    ]
    assert question.penalty == 0.3333333
    assert {gap.mark for gap in question.gaps} == {1}


def test_what_is_given_stands_in_the_text_with_every_digit() -> None:
    problem = relu_problem(0) | {"learning_rate": 0.12345678901234566}
    problem["weights"][0][1] = -1.2345678901234567
    found = quiz_of(problem, ask=["new_weights"])
    _, (question,) = moodle_reader.read("".join(moodle.quiz([found])))
    text = visible(question.text)
    assert "learning_rate = 0.12345678901234566" in text
    assert "-1.2345678901234567" in text
    for name in ("inputs", "weights", "biases", "upstream"):
        assert f"<caption><code>{name}</code></caption>" in question.text
    assert re.findall(r"<td>\{#(\d)\}</td>", question.text) == ["1", "2", "3", "4"]


def test_the_solution_is_the_feedback() -> None:
    problem = {"inputs": [[2]], "weights": [[3]], "biases": [1], "activation": "relu", "upstream": [[5]]}
    found = quiz_of(problem)
    _, (question,) = moodle_reader.read("".join(moodle.quiz([found])))
    text = visible(question.general_feedback)
    assert "z = inputs @ weights + biases" in text
    assert "z[0,0] = inputs[0,0] * weights[0,0] + biases[0] = 2 * 3 + 1 = 6 + 1 = 7" in text
    _, questions = gift_reader.read("".join(gift.quiz([found])))
    first = next(each for each in questions if each.name == "Exercise 1 dweights[0,0]")
    assert visible(first.text).endswith("dweights[0,0] =")
    assert visible(first.general_feedback).startswith("dweights = inputs.T @ dzdweights[0,0] = inputs[0,0] * dz[0,0]")


def test_a_quantity_that_is_no_step_of_the_solution_has_no_feedback_to_all() -> None:
    found = quiz_of(relu_problem(0), ask=["dbiases"])
    solution = replace(found.exercise.solution, steps=())
    _, questions = gift_reader.read(
        "".join(gift.quiz([replace(found, exercise=replace(found.exercise, solution=solution))]))
    )
    assert [each.general_feedback for each in questions] == ["", ""]


def test_feedback_leaves_out_how_to_write_the_problem() -> None:
    """Which layout of square weights a file has is no question to a student."""
    gap = read_moodle([quiz_of(relu_problem(0), ask=["z"])])[0]["z[0,0]"]
    texts = [visible(each.feedback) for each in gap.alternatives]
    assert any("the weights taken as out-in, which square ones fit" in text for text in texts)
    assert not any("weight_layout" in text or '"samples"' in text for text in texts)


@pytest.mark.parametrize("write", [moodle.quiz, gift.quiz])
def test_the_same_quiz_has_the_same_bytes(write: Callable[[Sequence[Quiz]], Iterator[str]]) -> None:
    first, second = ("".join(write([quiz_of(any_problem(3))])) for _ in range(2))
    assert first == second


def test_moodle_xml_is_ascii() -> None:
    assert "".join(moodle.quiz([quiz_of(relu_problem(0) | {"title": "\u2212 \N{GRINNING FACE}"})])).isascii()
