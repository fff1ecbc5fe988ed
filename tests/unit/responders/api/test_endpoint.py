import pytest

from responders.api.endpoint import GRAPHQL, JSON, negotiate


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}; charset=utf-8", GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.1, {JSON}", JSON),
        (f"text/html, {JSON};q=0.5", JSON),
        (f"{JSON};q=0, {GRAPHQL}", GRAPHQL),
        ("text/html", None),
    ],
)
def test_negotiate_takes_what_the_client_prefers(accept: str, media: str | None) -> None:
    assert negotiate(accept) == media
