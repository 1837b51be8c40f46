"""The backpropagation calculator for the terminal.

Importing this package loads nothing but this line, so that `backprop --version` starts at once.
"""

__version__ = "0.1.0"
