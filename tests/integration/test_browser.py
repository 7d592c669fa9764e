"""What a user sees in a real browser: the report of a sweep, and the sweep in TensorBoard."""

import shutil
import socket
import subprocess
import sys
import time

import pytest

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


def test_the_report_opens_with_all_its_pictures_and_no_network(leyden, browser):
    result = leyden(
        "train", "-m", "optimizer=sgd,adamw", "optimizer.lr=0.01,0.1,1", "trainer.max_epochs=2"
    )
    assert result.status == 0
    browser.get((result.folder / "report" / "report.html").absolute().as_uri())
    widths = browser.execute_script("return [...document.images].map(i => i.naturalWidth)")
    fetched = browser.execute_script(
        "return performance.getEntriesByType('resource').map(e => e.name.slice(0, 5))"
    )
    assert len(widths) >= 4
    assert all(widths)
    assert set(fetched) <= {"data:"}
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
