"""What people have joined is judged anew in the district's own words."""

from __future__ import annotations

from tests.integration.responders.conftest import Desk
from tests.integration.responders.test_linking import Link
from tests.integration.responders.test_tuning import tune
from triage import engine
from triage.model import Assessment, Context


def test_joining_judges_the_whole_anew_in_the_districts_own_words(desk: Desk) -> None:
    link = Link(desk)
    one = link.tip("Marcus Bell told us friday at the pep rally will be something to remember")
    other = link.tip("Marcus Bell hates everyone at this school, at the pep rally")
    tune(desk.world, "codes: {something to remember: bring a gun}")
    heard: list[str | None] = []

    def noting(text: str, context: Context) -> Assessment:
        heard.append(context.pack.name if context.pack else None)
        return engine.assess(text, context)

    link.join(one, other)
    link.restart(assess=noting)
    link.linker.run()
    assert heard == ["demo-1", "demo-1"]
