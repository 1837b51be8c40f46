"""A verdict of every kind, and names that would be markup or commands."""

from dataclasses import replace
from fractions import Fraction

from backprop_cli.checks.exactness import ExactCheck, WrongSide
from backprop_cli.checks.gradcheck import GradientCheck, Hidden, Kink, Slope
from backprop_cli.checks.quantity_check import Difference, QuantityCheck
from backprop_cli.checks.verdict import Verdict
from backprop_cli.checks.whole_array import WholeArray
from backprop_cli.errors import InputError


def difference(i: int, expected: float, value: float) -> Difference:
    """Return the difference of an entry of dweights."""
    off = abs(expected - value)
    return Difference(
        place=f"dweights[0,{i}]",
        index=(0, i),
        expected=expected,
        value=value,
        allowed=1e-7,
        absolute=off,
        relative=off / abs(value),
    )


LISTED = tuple(difference(i, 2.0, 4.0 + i) for i in range(3))
RIGHT = QuantityCheck(place="z", entries=4)
WRONG = QuantityCheck(
    place="dweights",
    entries=6,
    different=5,
    first=LISTED[0],
    listed=LISTED,
    explanations=("the gradient divided by n_samples = 2: a mean, not a sum", "the sign"),
)
FOLLOWS = QuantityCheck(place="new_weights", entries=2, different=2, follows=2, follows_from=("dweights",))
ROUNDED = replace(FOLLOWS, follows_from=(), first=LISTED[0], listed=LISTED[:1])
UNFIT = QuantityCheck(place="dbiases", entries=6, different=6, problem="shape (2,) does not fit (expected (3,))")
OPEN = QuantityCheck(place="dinputs", entries=3, open=3)
HIDDEN = QuantityCheck(place="outputs", entries=3, hidden=2, undecided=1)
AS_A_WHOLE = QuantityCheck(
    place="dz", entries=9, whole=WholeArray(factor=1.5, factor_allowed=1e-3, distance=0.5, distance_allowed=1e-3)
)
WHOLE_FOLLOWS = replace(AS_A_WHOLE, whole_follows=True, follows_from=("z",))

TAKEN = GradientCheck(entries=9, checked=9, wrong=(), kinks=(), hidden=())
SLOPE = Slope(place="dweights[0,0]", gradient=1.0, slope=2.0, allowed=0.1)
NO_SLOPE = replace(TAKEN, wrong=(SLOPE,) * 12)
KINK = Kink(place="dbiases[0]", gradient=1.0, left=2.0, right=3.0, accepted=False)
AT_KINKS = GradientCheck(entries=1, checked=1, wrong=(), kinks=(replace(KINK, accepted=True),), hidden=())
SMALL = GradientCheck(
    entries=1, checked=1, wrong=(), kinks=(), hidden=(Hidden(place="dbiases[0]", gradient=1.0, rounding=9.0),)
)
EXACT = ExactCheck(entries=1, ulps=0.0, ulps_at="", share=0.0, share_at="", wrong_side=(), binary=())
SIDES = tuple(WrongSide(place=f"z[{i},0]", value=1e-17, exact=Fraction(0)) for i in range(12))

ERROR = InputError("unknown key 'wieghts'", file="p.json", place="layers[0]", hint="did you mean 'weights'?")

# By what the verdict says; the first word is the outcome.
VERDICTS = {
    "ok": Verdict(file="p.json", gradients=TAKEN, expected=(RIGHT,), exact=EXACT),
    "ok without expected values": Verdict(file="p.json", gradients=TAKEN),
    "ok in part": Verdict(file="p.json", gradients=SMALL, expected=(RIGHT, OPEN, HIDDEN)),
    "ok at kinks": Verdict(file="p.json", gradients=AT_KINKS, expected=(RIGHT,)),
    "ok without differences": Verdict(file="p.json", undifferentiable="there are no inputs", expected=(RIGHT,)),
    "ok but inactive": Verdict(file="p.json", gradients=TAKEN, expected=(RIGHT,), inactive="every unit"),
    "ok alone": Verdict(file="p.json", expected=(RIGHT,)),
    "ok for the problem of others": Verdict(file="ann.json", problem="p.json", gradients=TAKEN, expected=(RIGHT,)),
    "wrong": Verdict(file="p.json", gradients=TAKEN, expected=(RIGHT, WRONG, FOLLOWS, OPEN)),
    "wrong in a submission": Verdict(file="ann.json", problem="p.json", gradients=TAKEN, expected=(WRONG,)),
    "wrong twice": Verdict(file="p.json", gradients=TAKEN, expected=(WRONG, UNFIT)),
    "wrong in all": Verdict(file="p.json", gradients=NO_SLOPE, expected=(WRONG, UNFIT, AS_A_WHOLE, replace(WRONG))),
    "wrong by following": Verdict(file="p.json", gradients=TAKEN, expected=(RIGHT, ROUNDED)),
    "wrong by following twice": Verdict(file="p.json", gradients=TAKEN, expected=(ROUNDED, WHOLE_FOLLOWS)),
    "wrong as a whole": Verdict(file="p.json", gradients=TAKEN, expected=(AS_A_WHOLE,)),
    "wrong gradients": Verdict(file="p.json", gradients=NO_SLOPE, expected=(RIGHT,)),
    "wrong at a kink": Verdict(file="p.json", gradients=replace(AT_KINKS, kinks=(KINK,))),
    "wrong side": Verdict(file="p.json", gradients=TAKEN, exact=replace(EXACT, wrong_side=SIDES, share=None)),
    "wrong in exact numbers": Verdict(file="p.json", gradients=TAKEN, exact=replace(EXACT, ulps=1.0, share=2.5)),
    "open": Verdict(file="p.json", gradients=TAKEN, expected=(OPEN,)),
    "open and no slope": Verdict(file="p.json", gradients=NO_SLOPE, expected=(OPEN,)),
    "empty": Verdict(file="p.json", gradients=AT_KINKS),
    "empty by undecided values": Verdict(file="p.json", gradients=TAKEN, expected=(HIDDEN,)),
    "empty without differences": Verdict(file="p.json", undifferentiable="there are no inputs"),
    "empty as inactive": Verdict(file="p.json", gradients=TAKEN, inactive="every unit of layers[0]"),
    "error": Verdict(file="p.json", error=ERROR),
    "error elsewhere": Verdict(
        file="p.json", error=InputError("no numbers in it", file="golden.csv", line=3, column=2)
    ),
    "error in a submission": Verdict(file="ann.json", problem="p.json", error=InputError("no", file="ann.json")),
}

HOSTILE = [
    "::error file=a::b.json",
    "##[add-mask]secret",
    " ##[stop-commands]x",
    "a##[error]b",
    "100%.json",
    "a%0A::error::b",
    "a,line=3,title=b:c",
    "a=b=c",
    "a\n::stop-commands::x",
    "a\r\n::error::x",
    "\x1b[2J\x07\x00",
    "\x85\u2028\u202e",
    "a|b",
    "a\\|b",
    "a\\",
    "`", "``a`", "a`|`b",
    "<img src=x onerror=alert(1)>",
    "<!--", "</testsuites>", "]]>", "<![CDATA[", "&lt;&#60;&amp;",
    "\"'><",
    "_a_ __b__ *c* **d**",
    "@everyone #1 :smile:",
    "[a](https://example.com)", "https://example.com/?a=b&c",
    "~~a~~ $x$",
    "- a", "# a",
    "a  b", "  a ", " ",
    "Jürgen 文 🙂 e\u0301",
    "\ufffe\uffff\U0001fffe",
    "\udcff",
]  # fmt: skip
