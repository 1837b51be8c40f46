"""The texts of the help pages."""

_STATUSES = """
Exit status:
  0    fine
  1    a check found a difference
  2    wrong usage
  3    bad input: unreadable, malformed, of the wrong shape, or overflowing
  4    the output could not be written
  70   a bug in backprop
  130  interrupted
  141  the reader of the pipe went away
"""

GROUP_HELP = f"""
Compute the gradients of dense layers, and the parameters after a step.

\b
Examples:
  backprop run samples/dense_relu.json
  backprop check samples/*.json
  backprop explain samples/dense_relu.json 'dweights[2,1]'
  backprop new --shape 3,2,1 --seed 7 | backprop run -
  backprop exercise samples/dense_relu.json --ask dweights

\b{_STATUSES}
"""

CHECK_HELP = """
Check whether gradients are right, and name the mistake where they are not.

Gradients are compared with finite differences of the loss. Expected values
("expected" in the file, or --expect) are compared with the computed ones.
A problem is a file, or the matrices that options name, as for backprop run.
With --exact, float64 results are also compared with exact arithmetic.

Several submissions for one problem (--expect more than once, or a folder with a
.json, .npz or .safetensors file for each) have a verdict each. --format csv is
a table of their marks for a spreadsheet.

In CI, --format github makes an annotation of each problem that fails, and
--format junit a test case of each quantity. --summary appends the report as
Markdown to a file.

With --accept, the computed values become the expected ones of the file: of the
quantities that "expected" names, or of all if it names none. The rest of the
file stays as it is. It takes one problem and no options but those of finite
differences; where these fail, the status is 1 and the file stays as it is.

\b
Examples:
  backprop check samples/*.json
  backprop check samples/dense_relu.json --rounded --exact
  backprop run samples/dense_relu.json --save /tmp/golden.npz >/dev/null &&
    backprop check samples/dense_relu.json --expect /tmp/golden.npz
  backprop check --inputs samples/dense_relu/inputs.csv \\
    --weights samples/dense_relu/weights.csv \\
    --biases samples/dense_relu/biases.csv --upstream outputs
  backprop check samples/*.json --format github --summary /tmp/summary.md
  cp samples/dense_relu.json /tmp/mine.json &&
    backprop check /tmp/mine.json --accept

The exit status is 1 where something is wrong, or where nothing was tested, and
3 where a problem or submission cannot be read; the others are still checked.
"""

EXPLAIN_HELP = """
Show the chain rule behind one number, or walk through a whole problem.

For an entry such as 'dweights[2,1]' it prints the rule, every term with its
numbers, and the sources of the factors. Without an entry it works through the
problem as by hand: forward, backward, step.

\b
Examples:
  backprop explain samples/dense_relu.json 'dweights[2,1]'
  backprop explain samples/two_layers.json 'layers[0].dz[0,0]' --depth all
  backprop explain samples/single_neuron.json
  backprop explain samples/single_neuron.json --format markdown --exact
  backprop explain --inputs samples/dense_relu/inputs.csv \\
    --weights samples/dense_relu/weights.csv \\
    --biases samples/dense_relu/biases.csv 'outputs[0,1]'
"""

RUN_HELP = """
Compute the loss, every gradient and the updated parameters of a problem.

A problem is a file, or the matrices that options name; options override the
file. You may leave values out: backprop computes what it can.

\b
Examples:
  backprop run samples/dense_relu.json
  backprop run samples/dense_relu.json --format json --only dweights,dbiases
  backprop run --inputs samples/dense_relu/inputs.csv \\
    --weights samples/dense_relu/weights.csv \\
    --biases samples/dense_relu/biases.csv --upstream outputs
  printf '0\\n2\\n1\\n' | backprop run samples/dense_relu.json \\
    --activation softmax --targets - --loss cross_entropy
  cut -d, -f1-4 samples/dense_relu/inputs.csv |
    backprop run samples/dense_relu.json --inputs - --format csv --only z
  backprop run samples/dense_relu.json --save /tmp/golden.h
"""

NEW_HELP = """
Make a problem from a seed: a network of a given shape, with friendly numbers or
with numbers from the normal distribution. The same options and seed give the
same file on every platform; its "source" is the command that makes it again.

Friendly numbers are for work by hand: small integers and short decimals. With
relu, leaky_relu and linear, and a loss that is rational, every result has at
most --digits decimals. Some units are active, and some inactive. No
pre-activation is nearer to 0 than 0.1, and none is larger than 2 where an
activation saturates; those of a softmax are at most 2 apart. No gradient is
zero in every entry. Each mistake that backprop check knows changes a result by
more than a unit of the last decimal, or could not change it at all.

With --numbers normal, the numbers have 4 decimals, and "expected" holds every
result: computed exactly, or to 50 digits, and rounded to float64.

Without --loss, the upstream gradient is given. Targets of cross_entropy are
rows with a 1, those of cross_entropy_with_logits and nll are class numbers.

\b
Examples:
  backprop new --shape 3,2,1
  backprop new --shape 3,2,1 --seed 7 | backprop explain -
  backprop new --shape 2,2,2 --activation sigmoid --loss half_squared_error
  backprop new --shape 4,3 --n-samples 3 --loss cross_entropy --digits 4
  backprop new --shape 3,2,1 --count 5 --save /tmp/exercises &&
    backprop check /tmp/exercises/*.json
  backprop new --shape 8,16,4 --activation gelu,linear --numbers normal |
    backprop check -

The status is 2 where no numbers are found; the message says which condition
failed most, and what may help.
"""

EXERCISE_HELP = """
Make question sheets of problems: what is given, what is asked for, and tables
to fill in; or their answer keys, or quizzes that mark themselves.

Several problems are one document with a section for each, or with --save FOLDER
a file for each. A sheet never shows the expected values of a problem.

--format json is a file of nulls to fill in; check compares it with the problem,
and counts what is still null as open. A number may be off by half a unit of the
last decimal that is asked for.

\b
Examples:
  backprop exercise samples/dense_relu.json samples/mazur_sigmoid.json
  backprop exercise samples/dense_relu.json --ask dweights,dbiases --digits 2
  backprop exercise samples/mazur_sigmoid.json --key --format html
  backprop exercise samples/d*.json --format moodle
  backprop exercise samples/dweights.json --format json --key >/tmp/a.json &&
    backprop check samples/dweights.json --expect /tmp/a.json
"""

SCHEMA_HELP = """
Print the JSON Schema of a kind of file, for editors and validators.

Problems are read; results, checks, explanations and answers are what
backprop prints as JSON.

\b
Examples:
  backprop schema problem
  backprop schema result
"""
