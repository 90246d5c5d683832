"""The labeling page in a real browser: bytes over the wire, time until the item is visible, key to next item painted.

    python -m benchmarks.page [--items 100000] [--loads 9] [--answers 60] [--dry | --redraw]

Static files as in production (hashed, compressed, cached for ever); browser, web and database share the machine.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from benchmarks import common, pictures

LIMITS = {"first_kb": 120, "again_kb": 10, "visible_s": 0.4, "painted_ms": 17}
# The same measures of two other tools on PostgreSQL with 100,000 items, on a machine of this kind.
OTHERS = {
    pictures.LABEL_STUDIO: {"first_kb": 7800, "again_kb": 7800, "visible_s": 3.2, "painted_ms": 463},
    pictures.DOCCANO: {"first_kb": 727, "again_kb": 7, "visible_s": 0.93, "painted_ms": 129},
}
DELAYS = (0, 300)
SERVER_TIME = "(({responseStart, requestStart}) => responseStart - requestStart)(performance.getEntriesByType('navigation')[0])"
BETWEEN_ANSWERS = 250  # milliseconds

# From the key or click to the frame that shows the next text: the message is handled after that frame was painted.
# Runs before the page's own scripts, so that its listeners come first and see the text as it was.
WATCH_PAINT = """(() => {
    window.painted = [];
    const begun = (event) => {
        const body = document.getElementById("item-body");
        const before = body.textContent;
        const look = () => body.textContent === before ? requestAnimationFrame(look) : settle();
        const settle = () => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () => window.painted.push(performance.now() - event.timeStamp);
            channel.port2.postMessage(0);
        };
        requestAnimationFrame(look);
    };
    addEventListener("keydown", (event) => event.key === "Enter" && begun(event), true);
    addEventListener("pointerup", (event) => event.target.closest("[type=submit]") && begun(event), true);
})()"""


def loads(browser: Any, address: str, cookie: dict[str, str], times: int) -> dict[str, Any]:
    """First and repeated loads, each pair in a fresh browser profile."""
    first, again = [], []
    for _ in range(times):
        context = browser.new_context()
        context.add_cookies([cookie])
        first.append(load(context, address))
        again.append(load(context, address))
        context.close()
    return {"first": summary(first), "again": summary(again)}


def load(context: Any, address: str) -> dict[str, float]:
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    sizes: list[float] = []
    devtools.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(address, wait_until="networkidle")
    page.wait_for_selector("#desk[data-ready]")
    paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    assert "A short text" in page.locator("#item-body").inner_text()
    result = {
        "kb": sum(sizes) / 1000,
        "requests": sum(size > 0 for size in sizes),
        "visible_s": page.evaluate(paint) / 1000,
        "server_ms": page.evaluate(SERVER_TIME),
    }
    page.close()
    return result


def summary(results: list[dict[str, float]]) -> dict[str, float]:
    return {key: round(common.quantile([one[key] for one in results], 0.5), 3) for key in results[0]}


def painted(
    browser: Any, address: str, cookie: dict[str, str], delay: int, answers: int, how: str
) -> dict[str, float]:
    """Milliseconds from the key (or click) that submits to the next item's text on screen."""
    context = browser.new_context()
    context.add_cookies([cookie])
    context.add_init_script(WATCH_PAINT)
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#desk[data-ready]")
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    network = {"offline": False, "latency": delay, "downloadThroughput": -1, "uploadThroughput": -1}
    devtools.send("Network.emulateNetworkConditions", network)
    for number in range(answers):
        page.keyboard.press(str(number % 3 + 1))
        if how == "key":
            page.keyboard.press("Enter")
        else:
            page.click(".answer-actions [type=submit]")
        page.wait_for_timeout(BETWEEN_ANSWERS)
    page.wait_for_selector("#saved[data-pending='0']")
    times = page.evaluate("window.painted")
    context.close()
    assert len(times) == answers, f"{len(times)} paints for {answers} answers by {how} at {delay} ms: {times}"
    quantiles = {"median_ms": 0.5, "p95_ms": 0.95, "max_ms": 1.0}
    return {name: round(common.quantile(times, q), 1) for name, q in quantiles.items()} | {"answers": answers}


def prepare(items: int) -> tuple[int, Any]:
    from benchmarks.labeling import fill
    from tests.factories import make_member

    project_id, _ = fill(items, 1, 1)
    from annotation.models import Project

    return project_id, make_member(Project.objects.get(pk=project_id))


def session_cookie(user: Any, address: str) -> dict[str, str]:
    from django.test import Client

    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": address}


def measure(items: int, times: int, answers: int) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    with common.environment() as env:
        common.collect_static(env)
        common.setup_django()
        project_id, user = prepare(items)
        with common.server(env) as (port, _), sync_playwright() as playwright:
            site = f"http://127.0.0.1:{port}"
            address, cookie = f"{site}/projects/{project_id}/label/", session_cookie(user, site)
            browser = playwright.chromium.launch(
                executable_path=chromium(), args=["--no-sandbox", "--headless=new"]
            )
            result = {
                "browser": browser.version,
                "items": items,
                "load": loads(browser, address, cookie, times),
                "painted": {
                    f"{how}_{delay}ms": painted(browser, address, cookie, delay, answers, how)
                    for delay in DELAYS
                    for how in ("key", "click")
                },
            }
            browser.close()
    return result | {"limits": LIMITS, "others": OTHERS}


def chromium() -> str:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        raise SystemExit("No Chromium: install it, or set CHROMIUM to its path.")
    return found


def picture(result: dict[str, Any]) -> Path:
    load, painted = result["load"], result["painted"]
    ours = {
        "first_kb": {"": load["first"]["kb"]},
        "again_kb": {"": load["again"]["kb"]},
        "visible_s": {"": load["first"]["visible_s"]},
        "painted_ms": {
            f"{delay} ms of delay": max(painted[f"{how}_{delay}ms"]["median_ms"] for how in ("key", "click"))
            for delay in DELAYS
        },
    }
    titles = {
        "first_kb": "First load, kB over the wire",
        "again_kb": "Load again, kB over the wire",
        "visible_s": "Item visible, s",
        "painted_ms": "Click to next item painted, median ms",
    }
    panels = [
        pictures.versus(title, ours[key], {name: found[key] for name, found in OTHERS.items()}, LIMITS[key])
        for key, title in titles.items()
    ]
    return pictures.draw("page", f"The labeling page, {result['items']:,} items", panels)


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--loads", type=int, default=9)
    parser.add_argument("--answers", type=int, default=60)
    options = parser.parse_args()
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright runs an event loop in this thread
    common.finish("page", options, lambda: measure(options.items, options.loads, options.answers), picture)


if __name__ == "__main__":
    main()
