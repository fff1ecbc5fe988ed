"""A small pattern language over words, and a matcher that cannot blow up.

A pattern is elements apart by spaces; each takes one word unless noted:
`gun` the word · `stab*` any word so beginning · `#` any that begins with a digit · `a|the` either ·
`@gun` what the class `gun` matches (one or more words) · `~3` up to three words whatever they are ·
a trailing `?` makes an element optional. The first element is never optional or a gap.
A space ends an alternative: `a|b c` is (a or b), then c.
Matching walks sets of positions, so its cost is elements x gap; it never crosses the end of a sentence.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from triage.normalize import Word

NAME = "name"
"""The class that also takes words written like a name: see `Matcher`."""
_PREFIX_MIN = 3
_DIGITS = "0*|1*|2*|3*|4*|5*|6*|7*|8*|9*"


@dataclass(frozen=True, slots=True)
class Element:
    """One step of a pattern: the words, beginnings and classes it takes, or a gap of up to `gap` words."""

    words: frozenset[str]
    prefixes: tuple[str, ...]
    classes: tuple[str, ...]
    gap: int
    optional: bool


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern of the class `name`."""

    name: str
    elements: tuple[Element, ...]


def compile_pattern(name: str, source: str) -> Pattern:
    """Return the compiled form of `source`. Raises: ValueError when it starts with a gap or something optional."""
    elements = tuple(_element(part) for part in source.split())
    if not elements or elements[0].gap or elements[0].optional:
        raise ValueError(f"{name}: pattern must start with a word or class: {source!r}")
    return Pattern(name, elements)


def _element(part: str) -> Element:
    optional = part.endswith("?")
    part = part.removesuffix("?")
    if part.startswith("~"):
        return Element(frozenset(), (), (), int(part[1:]), False)
    options = part.replace("#", _DIGITS).split("|")
    classes = tuple(option[1:] for option in options if option.startswith("@"))
    prefixes = tuple(option[:-1] for option in options if option.endswith("*"))
    if any(len(prefix) < _PREFIX_MIN and not prefix.isdigit() for prefix in prefixes):
        raise ValueError(f"a beginning needs {_PREFIX_MIN} letters: {part!r}")
    words = frozenset(option for option in options if option[0] != "@" and option[-1] != "*")
    return Element(words, prefixes, classes, 0, optional)


@dataclass(slots=True)
class Matches:
    """Where each class was found: `ends[name][start]` is the set of word positions just after a match."""

    words: tuple[Word, ...]
    ends: dict[str, dict[int, set[int]]] = field(default_factory=lambda: defaultdict(dict))
    _spans: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    _positions: dict[str, frozenset[int]] = field(default_factory=dict)
    _between: dict[tuple[str, int, int], list[int]] = field(default_factory=dict)

    def spans(self, name: str) -> list[tuple[int, int]]:
        """Return (first word, word after the last) of every match of class `name`, the longest at each start."""
        if name not in self._spans:
            self._spans[name] = [(start, max(ends)) for start, ends in sorted(self.ends.get(name, {}).items())]
        return self._spans[name]

    def positions(self, name: str) -> frozenset[int]:
        """Return the positions of all words that stand in a match of class `name`."""
        if name not in self._positions:
            self._positions[name] = frozenset(index for span in self.spans(name) for index in range(*span))
        return self._positions[name]

    def between(self, name: str, first: int, last: int) -> list[int]:
        """Return where matches of class `name` start in the sentences `first` to `last`, in order; looked up once."""
        if (name, first, last) not in self._between:
            spans, words = self.spans(name), self.words
            low, high = (bisect_left(spans, (bisect_left(words, edge, key=_sentence),)) for edge in (first, last + 1))
            self._between[name, first, last] = [start for start, _ in spans[low:high]]
        return self._between[name, first, last]

    def has(self, *names: str) -> bool:
        """Return whether any of the classes matched."""
        return any(self.ends.get(name) for name in names)

    def add(self, name: str, start: int, ends: Iterable[int]) -> None:
        """Record matches of class `name` that start at word `start`."""
        self.ends[name].setdefault(start, set()).update(ends)
        self._spans.pop(name, None)
        self._positions.pop(name, None)
        self._between.clear()


def _sentence(word: Word) -> int:
    return word.sentence


class Matcher:
    """All patterns, indexed by what they start with and layered so that a class is found before it is used."""

    def __init__(self, sources: Mapping[str, Iterable[str]], plain: frozenset[str] = frozenset()) -> None:
        """Compile `sources`. The words in `plain` are no names, even with a capital letter."""
        compiled = {name: [compile_pattern(name, source) for source in group] for name, group in sources.items()}
        self.layers = [_Layer(layer) for layer in _layered(compiled)]
        elements = [element for group in compiled.values() for pattern in group for element in pattern.elements]
        self.vocabulary = frozenset(word for element in elements for word in element.words)
        self.prefixes = frozenset(prefix for element in elements for prefix in element.prefixes)
        self.plain = plain

    def match(self, words: tuple[Word, ...]) -> Matches:
        """Return every match of every class in `words`."""
        matches = Matches(words)
        for index, word in enumerate(words):
            if word.capital and self._is_name(word, words[index - 1] if index else None):
                matches.add(NAME, index, (index + 1,))
        for layer in self.layers:
            layer.match(matches)
        return matches

    def _is_name(self, word: Word, before: Word | None) -> bool:
        """A capital inside a sentence makes a name; at its beginning only of a word that nobody knows."""
        if word.text in self.plain or not word.text.isalpha():
            return False
        inside = before is not None and before.sentence == word.sentence
        return inside or word.text not in self.vocabulary


def _layered(compiled: dict[str, list[Pattern]]) -> list[list[Pattern]]:
    needs = {
        name: {used for pattern in group for element in pattern.elements for used in element.classes}
        for name, group in compiled.items()
    }
    unknown = set().union(*needs.values()) - compiled.keys() if needs else set()
    if unknown:
        raise ValueError(f"classes used but not defined: {sorted(unknown)}")
    layers: list[list[Pattern]] = []
    done: set[str] = set()
    while len(done) < len(compiled):
        ready = [name for name in compiled if name not in done and needs[name] <= done]
        if not ready:
            raise ValueError(f"classes that use each other in a circle: {sorted(compiled.keys() - done)}")
        layers.append([pattern for name in ready for pattern in compiled[name]])
        done.update(ready)
    return layers


class _Layer:
    """Patterns that may be matched together, by their first word, beginning or class."""

    def __init__(self, patterns: list[Pattern]) -> None:
        self.by_word: dict[str, list[Pattern]] = defaultdict(list)
        self.by_prefix: dict[str, list[Pattern]] = defaultdict(list)
        self.by_class: dict[str, list[Pattern]] = defaultdict(list)
        for pattern in patterns:
            first = pattern.elements[0]
            for word in first.words:
                self.by_word[word].append(pattern)
            for prefix in first.prefixes:
                self.by_prefix[prefix].append(pattern)
            for name in first.classes:
                self.by_class[name].append(pattern)
        self.prefix_lengths = sorted({len(prefix) for prefix in self.by_prefix})

    def match(self, matches: Matches) -> None:
        for start, word in enumerate(matches.words):
            for pattern in self.by_word.get(word.text, ()):
                _run(pattern, start, {start + 1}, matches)
            for length in self.prefix_lengths:
                if length > len(word.text):
                    break
                for pattern in self.by_prefix.get(word.text[:length], ()):
                    _run(pattern, start, {start + 1}, matches)
        for name, patterns in self.by_class.items():
            for start, ends in tuple(matches.ends.get(name, {}).items()):
                for pattern in patterns:
                    _run(pattern, start, set(ends), matches)


def _run(pattern: Pattern, start: int, positions: set[int], matches: Matches) -> None:
    sentence = matches.words[start].sentence
    for element in pattern.elements[1:]:
        positions = _step(element, positions, sentence, matches)
        if not positions:
            return
    matches.add(pattern.name, start, positions)


def _step(element: Element, positions: set[int], sentence: int, matches: Matches) -> set[int]:
    reached = set(positions) if element.optional or element.gap else set()
    if element.gap:
        for position in positions:
            reached.update(_gap(position, element.gap, sentence, matches.words))
        return reached
    for position in positions:
        if position < len(matches.words) and matches.words[position].sentence == sentence:
            reached.update(_take(element, position, matches))
    return reached


def _gap(position: int, gap: int, sentence: int, words: tuple[Word, ...]) -> Iterator[int]:
    for step in range(gap):
        if position + step >= len(words) or words[position + step].sentence != sentence:
            return
        yield position + step + 1


def _take(element: Element, position: int, matches: Matches) -> Iterator[int]:
    text = matches.words[position].text
    if text in element.words or (element.prefixes and text.startswith(element.prefixes)):
        yield position + 1
    for name in element.classes:
        yield from matches.ends.get(name, {}).get(position, ())
