"""/docs in a real browser: everything that it needs comes with it, and everything of the contract can be seen."""

from urllib.parse import urlsplit

import pytest

from browser import Browser


@pytest.fixture(scope="module")
def page(server, tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        browser.open(f"http://{server.http}/docs")
        yield browser


# Which elements of these ids are nowhere to be seen?
HIDDEN = """(ids => ids.filter(id => {
    const e = document.getElementById(id);
    if (!e || !e.checkVisibility({checkOpacity: true, checkVisibilityCSS: true})) return true;
    const r = e.getBoundingClientRect();
    return r.width < 10 || r.height < 5 || r.left < 0 || r.left > innerWidth || !e.innerText.trim();
}))(%s)"""


def hidden(page, ids):
    return page.ask(HIDDEN % list(ids))


def operations(api):
    return {operation["operationId"]: (path, verb) for path, item in api.contract.document["paths"].items()
            for verb, operation in item.items() if isinstance(operation, dict) and "operationId" in operation}


def test_nothing_leaves_the_origin_and_nothing_is_complained_of(page, server):
    assert page.requests and {urlsplit(url).netloc for url in page.requests} == {server.http}, page.requests
    assert [urlsplit(url).path for url in page.requests] == ["/docs"]
    assert not page.complaints


def test_every_operation_is_to_be_seen(page, api):
    assert hidden(page, operations(api)) == []
    assert hidden(page, ["no-such-operation"]) == ["no-such-operation"], "the question can be answered with no"
    for operation, (path, verb) in operations(api).items():
        text = page.ask(f"document.getElementById({operation!r}).innerText")
        assert path in text and verb.upper() in text.upper(), text


def test_every_error_code_is_where_a_problem_points_to(page, api):
    """`type` of a problem is a place of the page."""
    height = page.ask("innerHeight")
    for code in [c["const"] for c in api.contract.document["components"]["schemas"]["ErrorCode"]["oneOf"]]:
        page.ask(f"location.hash = '#{code}'")
        assert hidden(page, [code]) == []
        top = page.ask(f"document.getElementById({code!r}).getBoundingClientRect().top")
        assert -1 <= top < height, (code, top)


def test_every_link_leads_somewhere(page):
    assert page.ask("[...document.links].filter(a => a.hash && !document.getElementById(decodeURIComponent("
                    "a.hash.slice(1)))).map(a => a.hash)") == []
    outside = page.ask("[...document.links].map(a => a.origin).filter(o => o !== location.origin)")
    assert outside == []


def test_it_fits_a_telephone(page, server):
    page.tell("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=2, mobile=True)
    page.open(f"http://{server.http}/docs")
    assert page.ask("document.documentElement.scrollWidth") <= 390 * 1.05
    page.tell("Emulation.clearDeviceMetricsOverride")
