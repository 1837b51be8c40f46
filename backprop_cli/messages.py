"""Parts of messages: escaped texts from users (titles, keys, column and file names), suggestions, plurals, lists."""

from collections.abc import Iterable
from itertools import product

QUOTING = "quote an entry for the shell, to which [ is special: 'dweights[2,1]'"

_MOST_SLIPS = 2
_NOT_MISSPELT = frozenset({"elu", "gelu", "selu", "celu", "prelu", "crelu", "ksh", "csh"})  # names of others
_SAME = {"cols": "columns", "col": "columns", "avg": "mean", "average": "mean", "batch": "batch_mean"}
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

    Close means the beginning of one of them, or one slip of the keyboard, or two in a word of six letters or more whose
    first letter is right. Another digit is no slip.

    >>> nearest("wieghts", ["inputs", "weights"])
    'weights'
    >>> nearest("json", ["only", "next"])
    """
    word, known = word.lower(), list(known)
    if word in _NOT_MISSPELT:
        return None
    if _SAME.get(word) in known:
        return _SAME[word]
    longer = [name for name in known if name.startswith(word)]
    if len(longer) == 1 and len(word) > 2:
        return longer[0]
    close = (name for name in known if abs(len(name) - len(word)) <= _MOST_SLIPS and _digits(name) == _digits(word))
    slips = {name: _slips(word, name) for name in close}
    found = min(slips, key=slips.__getitem__, default="")
    most = min(_MOST_SLIPS if found[:1] == word[:1] else 1, len(found) // 3)
    return found if found and slips[found] <= most else None


def _digits(word: str) -> str:
    return "".join(filter(str.isdigit, word))


def _slips(left: str, right: str) -> int:
    """Return how many letters are missing, extra, wrong, or exchanged with the next (optimal string alignment)."""
    cost: dict[tuple[int, int], int] = {}
    for i, j in product(range(len(left) + 1), range(len(right) + 1)):
        if not i or not j:
            cost[i, j] = i + j
            continue
        wrong = cost[i - 1, j - 1] + (left[i - 1] != right[j - 1])
        cost[i, j] = min(cost[i - 1, j] + 1, cost[i, j - 1] + 1, wrong)
        if i > 1 and j > 1 and left[i - 2 : i] == right[j - 2 : j][::-1]:
            cost[i, j] = min(cost[i, j], cost[i - 2, j - 2] + 1)
    return cost[len(left), len(right)]


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return a hint that names the word of `known` that is most similar to `word`, if any."""
    found = nearest(word, known)
    return f"did you mean {found!r}?" if found else None


def reason_of(error: OSError | ValueError) -> str:
    """Return the reason why a file cannot be read or written, as part of a sentence."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text[:1].lower() + text[1:]


def has_half_pair(text: str) -> bool:
    """Tell whether a text has half of a surrogate pair, which JSON can write and UTF-8 cannot."""
    return any("\ud800" <= character <= "\udfff" for character in text)


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
