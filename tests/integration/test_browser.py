"""What a user sees in a real browser: the report of a sweep, and the sweep in TensorBoard."""

import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from leyden.sweeps.report import write_report
from tests.sweeps.report.conftest import Factory

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
OFFLINE = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TEXT_WITH_SHADOWS = """
function text(node) {
    if (node.nodeType === Node.TEXT_NODE) return node.textContent + ' ';
    const inner = [...node.childNodes, ...(node.shadowRoot ? node.shadowRoot.childNodes : [])];
    return ['SCRIPT', 'STYLE'].includes(node.nodeName) ? '' : inner.map(text).join('');
}
return text(document.body);
"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="Chromium and its driver are not here"),
]


@pytest.fixture
def browser(tmp_path):
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in (*OFFLINE, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    driver.set_page_load_timeout(60)
    yield driver
    driver.quit()


@pytest.fixture
def tensorboard():
    """Starts a TensorBoard on a folder and gives its address."""
    processes = []

    def start(folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        arguments = ["--logdir", str(folder), "--port", str(port), "--host", "127.0.0.1"]
        processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "tensorboard.main", *arguments, "--load_fast=false"],
                stderr=subprocess.DEVNULL,
            )
        )
        return f"http://127.0.0.1:{port}"

    yield start
    for process in processes:
        process.terminate()
        process.wait(timeout=20)


def wait_until_drawn(browser):
    ready = "return document.documentElement.dataset.ready === 'yes'"
    deadline = time.monotonic() + 60
    while not browser.execute_script(ready):
        assert time.monotonic() < deadline, errors_of(browser)
        time.sleep(0.2)


def errors_of(browser):
    return [entry["message"] for entry in browser.get_log("browser")]


def at_width(browser, width, *, scheme="light"):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


EVIL = "</script><script>window.isBroken = 1</script><img src=x onerror=window.isBroken=1>$x$"


@pytest.fixture
def opened(tmp_path, browser):
    """Opens the report of a sweep of two models, one with a foreign name, by three rates."""
    (tmp_path / "sweep").mkdir()
    made = Factory(tmp_path / "sweep")
    names = {f"wide {EVIL}": 0.0, "small": 1.0}
    jobs = [
        made.job(
            f"model={name}", f"lr={lr}", f"seed={s}", score=b + lr + s / 8, folder=f"{b}{lr}{s}"
        )
        for name, b in names.items()
        for lr in (2, 1, 10)
        for s in range(2)
    ]
    jobs[-1].state = "diverged"
    page = write_report(made.sweep(jobs, name=EVIL))

    def at(width, scheme="light"):
        at_width(browser, width, scheme=scheme)
        browser.get(page.absolute().as_uri())
        wait_until_drawn(browser)
        return browser

    return at


@pytest.mark.parametrize("width", [400, 1280])
def test_a_reports_page_never_scrolls_sideways_and_has_no_errors(opened, width):
    browser = opened(width)
    needed = browser.execute_script("return document.documentElement.scrollWidth")
    assert needed <= width
    assert errors_of(browser) == []
    assert browser.execute_script("return window.isBroken") is None


JOBS = "return [...document.querySelectorAll('tr[id^=job-]')].filter(r => !r.hidden).map(r => r.id)"


def test_a_click_on_a_heading_sorts_the_jobs_by_value_and_back(opened):
    browser = opened(1280)
    buttons = "[...document.querySelector('#job-1').closest('table').querySelectorAll('button')]"
    click = f"{buttons}.find(b => b.textContent === 'lr').click()"
    browser.execute_script(click)
    values = [f"job-{number}" for number in (3, 4, 9, 10, 1, 2, 7, 8, 5, 6, 11, 12)]
    assert browser.execute_script(JOBS) == values
    state = (
        f"return {buttons}.find(b => b.textContent === 'lr').parentNode.getAttribute('aria-sort')"
    )
    assert browser.execute_script(state) == "ascending"
    browser.execute_script(click)
    assert browser.execute_script(JOBS)[0] in ("job-5", "job-6")
    assert browser.execute_script(state) == "descending"


def test_what_is_not_known_is_sorted_to_the_end(opened):
    browser = opened(1280)
    buttons = "[...document.querySelector('#job-1').closest('table').querySelectorAll('button')]"
    for _ in range(2):
        browser.execute_script(f"{buttons}.find(b => b.textContent === 'val/loss').click()")
        assert browser.execute_script(JOBS)[-1] == "job-12"


def test_a_click_on_a_point_finds_the_row_of_its_job(opened):
    from selenium.webdriver import ActionChains

    browser = opened(1280)
    points = browser.find_elements("css selector", "#figure-answer .scatterlayer .point")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", points[0])
    ActionChains(browser).move_to_element(points[0]).pause(0.5).click().perform()
    deadline, found = time.monotonic() + 10, None
    while found is None and time.monotonic() < deadline:
        found = browser.execute_script("return document.querySelector('tr.found')?.id")
    assert found in {f"job-{number}" for number in range(1, 13)} | {"configuration-1"}
    top = browser.execute_script(
        "return document.querySelector('tr.found').getBoundingClientRect().top"
    )
    assert 0 < top < 900


def test_a_filter_leaves_rows_and_points_out_and_shows_them_again(opened):
    browser = opened(1280)
    count = """
        const {data} = document.getElementById('figure-levels');
        return data.flatMap(trace => trace.customdata).filter(name => name);
    """
    before = browser.execute_script(count)
    choose = """
        const select = document.querySelector('select[data-axis="lr"]');
        select.value = '10';
        select.dispatchEvent(new Event('change', {bubbles: true}));
    """
    browser.execute_script(choose)
    assert browser.execute_script(JOBS) == ["job-5", "job-6", "job-11", "job-12"]
    after = browser.execute_script(count)
    assert set(after) == {"job-5", "job-6", "job-11"} < set(before)
    browser.execute_script("document.querySelector('#filter button').click()")
    time.sleep(0.5)
    assert len(browser.execute_script(JOBS)) == 12
    assert browser.execute_script(count) == before
    assert errors_of(browser) == []


def test_pictures_follow_the_dark_mode_while_the_page_is_open(opened):
    browser = opened(1280)
    color = """
        const text = document.querySelector('#figure-answer .xtick text');
        return [getComputedStyle(text).fill, getComputedStyle(document.body).color];
    """
    light = browser.execute_script(color)
    at_width(browser, 1280, scheme="dark")
    time.sleep(1.5)
    dark = browser.execute_script(color)
    assert light[0] == light[1]
    assert dark[0] == dark[1] != light[0]


def test_without_scripts_the_page_has_its_answer_and_names_the_pictures(opened):
    browser = opened(1280)
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.refresh()
    text = browser.find_element("tag name", "body").text
    assert "Best of 6 configurations is" in text
    assert "The file answer.png in the report's folder shows the same." in text


def test_the_report_opens_with_all_its_pictures_and_no_network(leyden, browser):
    result = leyden(
        "train", "-m", "optimizer=sgd,adamw", "optimizer.lr=0.01,0.1,1", "trainer.max_epochs=2"
    )
    assert result.status == 0
    browser.get((result.folder / "report" / "report.html").absolute().as_uri())
    wait_until_drawn(browser)
    plots = "[...document.querySelectorAll('.plot')]"
    drawn = browser.execute_script(
        f"return {plots}.map(p => p.querySelector('.main-svg') !== null)"
    )
    fetched = browser.execute_script(
        "return performance.getEntriesByType('resource').map(e => e.name.slice(0, 5))"
    )
    assert len(drawn) >= 4
    assert all(drawn)
    assert set(fetched) <= {"data:", "blob:"}
    assert errors_of(browser) == []
    assert "leyden train" in browser.find_element("tag name", "body").text


def test_tensorboard_lists_the_sweep_with_its_metrics(leyden, browser, tensorboard):
    result = leyden("train", "-m", "optimizer=sgd,adamw", "trainer.max_epochs=1")
    assert result.status == 0
    address = tensorboard(result.folder)
    deadline, shown = time.monotonic() + 90, ""
    while "best/val_loss" not in shown or "adamw" not in shown:
        assert time.monotonic() < deadline, shown
        time.sleep(2)
        try:
            browser.get(f"{address}/#hparams")
        except Exception:
            continue  # it is not up yet
        time.sleep(4)
        shown = browser.execute_script(TEXT_WITH_SHADOWS)
    rows = [run.name for run in result.folder.iterdir() if (run / "run.json").exists()]
    assert len(rows) == 2
    assert all(row[:8] in shown for row in rows)


def test_leyden_board_opens_on_pinned_curves_of_best_median_and_worst(leyden, browser, commands):
    browser.set_window_size(1400, 1000)  # cards that can not be seen are not drawn
    folder = leyden("train", "-m", "optimizer=sgd,adamw,muon", "trainer.max_epochs=2").folder
    process = commands.start(str(folder.absolute()), verb="board")
    address = process.stdout.readline().strip()
    deadline, shown = time.monotonic() + 90, ""
    while "val/loss" not in shown or "worst" not in shown:
        assert time.monotonic() < deadline, shown
        browser.get("about:blank")
        browser.get(address)
        time.sleep(4)
        text = browser.find_element("tag name", "body").text
        shown = text.replace("\n/", "/")  # a tag stands in two parts
    pinned = shown.partition("Pinned")[2].partition("\nbest\n")[0]
    assert "2 cards" in pinned
    assert all(word in pinned for word in ("val/loss", "val/acc"))
    assert all(word in shown for word in ("1 best", "2 median", "3 worst"))
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0
