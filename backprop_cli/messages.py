"""Parts of messages: escaped texts from users (titles, keys, column and file names), suggestions, plurals, lists."""

from collections.abc import Iterable

QUOTING = "quote an entry for the shell, to which [ is special: 'dweights[2,1]'"

_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def clean(text: str) -> str:
    r"""Return `text` with escapes for the characters that a terminal would interpret.

    Those are control characters (C0 and C1), bidirectional and other format characters, lone surrogates, and
    line and paragraph separators.

    >>> clean("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    if text.isprintable():  # nearly always; avoids the import
        return text
    from unicodedata import category

    return "".join(
        char.encode("unicode_escape").decode("ascii") if category(char) in _UNSAFE_CATEGORIES else char for char in text
    )


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the word of `known` that is most similar to `word`, or None if none is similar.

    >>> nearest("wieghts", ["inputs", "weights"])
    'weights'
    """
    from difflib import get_close_matches

    return next(iter(get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)), None)


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return a hint that names the word of `known` that is most similar to `word`, if any."""
    found = nearest(word, known)
    return f"did you mean {found!r}?" if found else None


def reason_of(error: OSError | ValueError) -> str:
    """Return the reason why a file cannot be read or written, as part of a sentence."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text[:1].lower() + text[1:]


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the singular or plural.

    >>> counted(1, "neuron"), counted(3, "neuron"), counted(3, "entry")
    ('1 neuron', '3 neurons', '3 entries')
    """
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def listed(words: Iterable[str], conjunction: str = "and") -> str:
    """Return words with commas and a conjunction.

    >>> listed(["inputs", "weights", "biases"])
    'inputs, weights and biases'
    """
    *first, last = words
    return f"{', '.join(first)} {conjunction} {last}" if first else last
