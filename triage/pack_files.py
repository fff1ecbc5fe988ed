"""The file of a pack: a small part of YAML, in which everything is text, a list of texts, or named parts.

No aliases (a short file could say a billion things), no tags, no name twice, no numbers or dates: `13` is the text.
"""

from __future__ import annotations

from collections.abc import Container

import yaml

LARGEST = 32_000
"""Characters of a file."""
_DEEPEST = 3

Tree = str | list[str] | dict[str, "Tree"]


class PackRefused(ValueError):
    """A pack that cannot be used; `faults` are full sentences, one for each thing that is wrong."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults


def parse(text: str) -> dict[str, Tree]:
    """Read a file of parts; an empty one has none. Raises: PackRefused."""
    if len(text) > LARGEST:
        raise PackRefused([f"The file is longer than {LARGEST} characters."])
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise PackRefused(["Aliases (*) are not allowed. Write phrases with a sign in quotes, or leave it out."])
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" near line {mark.line + 1}" if mark else ""
        raise PackRefused([f"The file is not YAML{where}. A phrase with a colon or a sign needs quotes."]) from error
    tree = _tree(node, "The file", _DEEPEST) if node is not None else {}
    if not isinstance(tree, dict):
        raise PackRefused(["The file has no parts, such as 'places:' or 'codes:'."])
    return tree


def mapping(tree: Tree, part: str, names: Container[str] | None = None) -> dict[str, Tree]:
    """Read a part of named things; nothing when it is empty. Raises: PackRefused for a name that is none of `names`."""
    if tree == "":
        return {}
    if not isinstance(tree, dict):
        raise PackRefused([f"{part}: name what each is, such as 'name: ...'."])
    unknown = [name for name in tree if names is not None and name not in names]
    if unknown:
        raise PackRefused([f"{part}: there is no {name!r}." for name in unknown])
    return tree


def phrases(tree: Tree, part: str) -> list[str]:
    """Read a list of phrases; nothing when it is empty. Raises: PackRefused."""
    if tree == "":
        return []
    if not isinstance(tree, list):
        raise PackRefused([f"{part}: write a list, such as [one phrase, another]."])
    return tree


def _tree(node: yaml.Node, name: str, depth: int) -> Tree:
    if isinstance(node, yaml.ScalarNode):
        return "" if node.tag.endswith(":null") else str(node.value)
    if depth == 0:
        raise PackRefused([f"{name} is nested too deep."])
    if isinstance(node, yaml.SequenceNode):
        found = [_tree(one, name, depth - 1) for one in node.value]
        if not all(isinstance(one, str) for one in found):
            raise PackRefused([f"{name}: a list holds phrases, nothing else."])
        return [one for one in found if isinstance(one, str)]
    parts: dict[str, Tree] = {}
    for key, value in node.value:
        said = _tree(key, name, 0) if isinstance(key, yaml.ScalarNode) else None
        if not isinstance(said, str) or said == "":
            raise PackRefused([f"{name} has a part without a name."])
        if said in parts:
            raise PackRefused([f"{name}: {said!r} stands there twice."])
        parts[said] = _tree(value, said, depth - 1)
    return parts
