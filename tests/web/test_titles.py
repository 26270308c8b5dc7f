"""A title is what a screen reader says first and what a tab shows: it tells one page from another, and whose it is from
nobody."""

import re

from app.schema import ROOT

TITLE = re.compile(r"{% block title %}(?!{{ page\.title }})(.+){% endblock %}")


def test_no_two_pages_have_one_title_and_none_has_an_id() -> None:
    pages = [path for path in (ROOT / "app").glob("*/templates/*.html") if path.name != "base.html"]
    titles = {path: found.group(1) for path in pages if (found := TITLE.search(path.read_text("utf-8")))}
    spoken = [re.sub(r"[^a-z]", "", title.lower()) for title in titles.values()]

    assert len(titles) > 25
    assert sorted(one for one in spoken if spoken.count(one) > 1) == []
    assert [path for path, title in titles.items() if "short_id" in title or "number" in title] == []
