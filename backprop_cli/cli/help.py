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

\b{_STATUSES}
"""

CHECK_HELP = """
Check whether gradients are right, and name the mistake where they are not.

Gradients are compared with finite differences of the loss. Expected values
("expected" in the file, or --expect) are compared with the computed ones.
A problem is a file, or the matrices that options name, as for backprop run.
With --exact, float64 results are also compared with exact arithmetic.

Several submissions for one problem (--expect more than once, or a folder with a
.json or .npz file for each) have a verdict each. --format csv is a table of
their marks for a spreadsheet.

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

SCHEMA_HELP = """
Print the JSON Schema of a kind of file, for editors and validators.

Problems are read; results, checks, explanations and answers are what
backprop prints as JSON.

\b
Examples:
  backprop schema problem
  backprop schema result
"""
