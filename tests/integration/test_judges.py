"""Every shipped template before judges that are not ours: our conventions, html-validate, axe and caniemail.

`tests/email` holds them and the editions; `npm ci` there installs what runs on Node.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from check_email import check
from editions import NAMES, Judged, judged

JUDGES = Path(__file__).parents[1] / "email"
#: What a browser lays out in every width and mode; the other judges see all.
LAID_OUT = ("digest-12-site", "bulletin-1-cy")
FAINT = """<!DOCTYPE html><html lang="en">
<head><title>Faint</title><style>p { color:#eeeeee }</style></head>
<body><div style="position:absolute;width:1200px">
<p style="color:#eeeeee;font-size:9px">faint</p></div></body>
</html>"""


@pytest.fixture(scope="module")
def node():
    program = shutil.which("node")
    if program is None:
        pytest.skip("node is not installed: nobody judges the HTML")
    if not (JUDGES / "node_modules").is_dir():
        pytest.skip("the judges are not installed: npm ci --prefix tests/email")
    return program


@pytest.mark.parametrize("name", NAMES)
def test_edition_keeps_to_the_conventions(name):
    edition = judged(name)
    assert [it for it in check(edition.html, edition.text, edition.items) if not it.passed] == []


def test_conventions_find_fault_with_a_page_that_keeps_none():
    faulty = {it.name for it in check(FAINT, "nothing", 1) if not it.passed}
    assert len(faulty) >= 10


def test_html_of_every_edition_is_valid(node, tmp_path):
    files = [write(tmp_path, edition) for edition in map(judged, NAMES)]
    program = JUDGES / "node_modules" / "html-validate" / "bin" / "html-validate.mjs"
    done = run(node, program, "-c", JUDGES / "hv.json", *files)
    assert (done.returncode, done.stdout) == (0, "")


def test_browser_and_mail_programs_find_nothing(node, tmp_path):
    if shutil.which("chromium") is None:
        pytest.skip("chromium is not installed: nothing lays editions out")
    (tmp_path / "faint.html").write_text(FAINT, "utf-8")
    files = [write(tmp_path, judged(name)) for name in LAID_OUT]
    done = run(node, JUDGES / "check-email.mjs", *files, tmp_path / "faint.html")
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("FAIL") and " faint " not in line] == []
    assert len([line for line in lines if line.startswith("ok")]) >= 12 * len(LAID_OUT)
    # The judges are not blind.
    told = "\n".join(line for line in lines if line.startswith("FAIL faint"))
    for fault in ("width 1208", "smallest 9", "color-contrast", "gmail.ios position"):
        assert fault in told


def write(folder: Path, edition: Judged) -> Path:
    path = folder / f"{edition.name}.html"
    path.write_text(edition.html, "utf-8")
    return path


def run(*command) -> subprocess.CompletedProcess:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
