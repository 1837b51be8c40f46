"""What a word that the command line does not know was meant to be: an option, a command, or nothing known.

A hint is given for an option of other tools that does the same, whatever its spelling, and for a slip of the keyboard.
"""

from collections.abc import Iterable

from backprop_cli.load.files import PROBLEM_SUFFIXES
from backprop_cli.messages import did_you_mean, nearest

HELP_HINT = "--help lists commands, and after one of them its options"

_REDIRECT = "> FILE after the command writes the output to a file"

# The commands, what does it there (an option, or a sentence), and options of other tools, without dashes.
OPTIONS_OF_OTHER_TOOLS = (
    ("run check explain exercise", "--format json", "json jsonl ndjson as-json to-json json-output"),
    ("run check", "--format csv", "csv tsv to-csv"),
    ("explain exercise", "--format markdown", "markdown md"),
    ("explain exercise", "--format latex", "latex tex"),
    ("exercise", "--format moodle", "moodle xml quiz"),
    ("exercise", "--format gift", "gift"),
    ("run check explain", "--format table", "table text txt plain pretty human"),
    ("run exercise", "--save", "o out output outfile out-file output-file output-dir outdir write export dump save-as"),
    ("run", "--save", "npz npy"),
    ("check explain", _REDIRECT, "o out output outfile out-file output-file output-dir outdir write export dump save"),
    ("run", "backprop explain shows how each number is computed", "v verbose vv show-steps show-work"),
    ("check", "--format json prints everything that was found", "v verbose vv details full"),
    ("explain", "--depth all", "v verbose vv details full all recursive"),
    ("run check explain exercise", "BACKPROP_DEBUG=1 in the environment shows the traceback", "debug traceback trace"),
    ("run check explain", "--quiet", "s silent no-progress no-warnings"),
    ("run check explain", "--color never", "no-color no-colour nocolor no-ansi monochrome"),
    (
        "run check explain exercise",
        "a problem is named without an option",
        "f i file problem input-file config load from",
    ),
    ("run check explain", "--weights", "w weight kernel"),
    ("run check explain", "--inputs", "x input features data a-prev"),
    ("run check explain", "--biases", "b bias intercept"),
    ("run check explain", "--upstream", "dvalues dout dy da grad gradient gradients grad-output grad-outputs"),
    ("run explain", "--upstream", "delta"),
    ("run check explain", "--targets", "target label labels y y-true truth ground-truth answers"),
    ("run check explain", "--loss", "loss-fn loss-function criterion cost objective"),
    ("run check explain", "--loss MSELoss", "mse mse-loss"),
    ("run check explain", "--reduction", "reduce loss-reduction"),
    ("run check explain", "--mean-gradients", "mean average avg mean-gradient average-gradients"),
    ("run check explain", "--no-biases", "no-bias without-biases without-bias bias-false"),
    ("run check explain", "--samples-in", "sample-axis batch-first samples-columns columns-are-samples"),
    ("run explain", "--samples-in", "samples"),
    ("run check explain", "--z", "preactivation preactivations pre-activation pre-activations"),
    (
        "run check explain",
        "--activation",
        "act activate activation-function nonlinearity relu linear sigmoid tanh softmax",
    ),
    ("run check explain", "--weight-layout", "layout transpose transposed t"),
    ("run check explain", "--learning-rate", "learning-rate-init alpha eta rate"),
    ("run explain", "--learning-rate", "step step-size"),
    ("run", "--next", "update updated new-problem"),
    ("run check explain", "--steps", "epochs iterations iters n-iter n-iters n-steps num-iterations"),
    ("run", "--only", "name select fields columns filter quantity quantities keys"),
    ("run", "--rows", "limit max-rows n head lines"),
    ("run", "--rows 0", "all full no-limit"),
    ("run", "--dtype float32", "float32 fp32 f32 float single"),
    ("run explain", "--precision", "digits decimals round rounding"),
    ("run explain", "--exact", "fraction fractions rational decimal"),
    ("exercise", "--ask", "only name names select fields filter quantity quantities"),
    ("exercise", "--digits", "precision decimals round rounding tolerance"),
    ("exercise", "--key", "solution solutions answer answers answer-key with-answers with-solutions"),
    ("check", "--expect", "expected golden reference compare against actual solution"),
    ("check", "--accept", "approve bless regenerate update update-expected update-golden overwrite"),
    ("check", "--marks", "mark grade grades grading score scores points"),
    ("check", "--rtol", "tol tolerance rel relative"),
    ("check", "--atol", "abs absolute"),
    ("check", "--eps", "h epsilon delta step step-size"),
    ("check", "--samples", "n n-samples count"),
    ("check", "--seed", "random-seed random-state rng"),
    ("explain", "--terms", "limit max-terms n"),
    ("explain", "--depth", "level levels max-depth"),
    ("new", "--shape", "layers sizes size architecture hidden units neurons network dims"),
    ("new", "--n-samples", "samples batch-size n-batch n"),
    ("new", "--count", "n-problems variants copies number repeat times"),
    ("new", "--seed", "random-seed random-state rng"),
    ("new", "--save", "o out output outfile out-file output-file output-dir outdir write export dump save-as npz npy"),
    ("new", "--digits", "decimals precision places round rounding"),
    ("new", "--numbers normal", "random normal gaussian randn"),
    ("new", "--activation", "act activate activation-function nonlinearity relu linear sigmoid tanh softmax"),
    ("new", "--loss", "loss-fn loss-function criterion cost objective"),
    ("new", "--learning-rate", "learning-rate-init alpha eta rate step step-size"),
    ("new", "--no-biases", "no-bias without-biases without-bias bias-false"),
    ("explain", "an entry follows the problem without an option: 'dweights[2,1]'", "entry only at index"),
)
COMMANDS_OF_OTHER_TOOLS = {
    "run": "solve compute calc calculate forward backward backprop grad gradient gradients update step",
    "check": "verify test validate gradcheck grad-check compare diff",
    "explain": "show why walk steps print describe",
    "exercise": "sheet sheets worksheet quiz exam homework question questions ask",
    "new": "make create generate gen random problem",
}


def for_option(command: str | None, word: str, known: Iterable[str]) -> str:
    """Return the hint for an option that a command does not know; `known` are its options, with dashes."""
    name = word.lstrip("-").replace("_", "-").lower()
    for commands, hint, words in OPTIONS_OF_OTHER_TOOLS:
        if command in commands.split() and name in words.split():
            is_option = hint.startswith("-") and hint.count(" ") <= 1
            return f"did you mean {hint}?" if is_option else hint
    by_name = {option.lstrip("-"): option for option in known}
    found = nearest(name, by_name)
    return HELP_HINT if found is None else f"did you mean {by_name[found]}?"


def for_command(word: str, known: Iterable[str]) -> str:
    """Return the hint for a command that is not there."""
    if word.endswith(PROBLEM_SUFFIXES):
        return f"a command comes first: backprop run {word}"
    for command, words in COMMANDS_OF_OTHER_TOOLS.items():
        if word.lower() in words.split():
            return f"did you mean {command!r}?"
    return did_you_mean(word, known) or HELP_HINT
