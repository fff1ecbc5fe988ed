"""Accessibility, judged by axe-core in the browser that shows the page."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from playwright.sync_api import Page


@cache
def _axe() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


def faults(page: Page) -> list[str]:
    """List what axe-core finds wrong with the page as it stands: the rule, and where. Source: WCAG 2.2, axe's rules."""
    page.evaluate(_axe())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert found["passes"], "axe has looked"
    return [f"{rule['id']}: {node['target']}" for rule in found["violations"] for node in rule["nodes"]]
