"""The backpropagation calculator for the terminal.

Importing the package loads no other module, so that `backprop --version` is quick.
"""

__version__ = "0.1.0"
