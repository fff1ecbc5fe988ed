"""One slip of the finger: find the known word at distance 1, by the deletions both share."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

_SHORTEST = 5


class FuzzyIndex:
    """Known words by every string that lacks one of their letters; guarded words are never taken for another."""

    def __init__(self, targets: Iterable[str], guard: Iterable[str]) -> None:
        self._guard = frozenset(guard)
        self._by_deletion: dict[str, list[str]] = defaultdict(list)
        for word in sorted(targets):
            if len(word) >= _SHORTEST and word.isalpha():
                for shorter in {word, *_deletions(word)}:
                    self._by_deletion[shorter].append(word)

    def find(self, word: str) -> str | None:
        """Return the known word that is one letter more, less, other or swapped away from `word`, if any.

        The first letter must agree: people rarely miss it, and other words differ there most.
        """
        if len(word) < _SHORTEST or len(word) > 24 or word in self._guard or not word.isalpha():
            return None
        for key in (word, *_deletions(word)):
            for known in self._by_deletion.get(key, ()):
                if known[0] == word[0] and _one_slip(word, known):
                    return known
        return None


def _deletions(word: str) -> Iterator[str]:
    for index in range(len(word)):
        yield word[:index] + word[index + 1 :]


def _one_slip(left: str, right: str) -> bool:
    """Return whether one insertion, deletion, replacement or swap of neighbours turns `left` into `right`."""
    if left == right:
        return True
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    rest_left, rest_right = left[start:], right[start:]
    if len(left) == len(right):
        swapped = rest_left[1:2] + rest_left[:1] + rest_left[2:]
        return rest_left[1:] == rest_right[1:] or swapped == rest_right
    return rest_left[1:] == rest_right or rest_left == rest_right[1:]
