"""The files of the page: the bundled library is the published one, and the policy names the hash of each script."""

import base64
import hashlib
import re

import pytest

from aggregate import totals
from aggregate.collect import Collected
from aggregate.render.page import html
from tests.aggregate import runs
from tests.test_architecture import ROOT

PAGE = ROOT / "aggregate" / "render" / "page"
README = (PAGE / "vendor" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["uPlot.iife.min.js", "uPlot.min.css"])
def test_bundled_file_is_the_documented_one(name):
    sha256 = hashlib.sha256((PAGE / "vendor" / name).read_bytes()).hexdigest()
    assert f"| `{name}` | `{sha256}` |" in README


def test_documented_version_is_the_bundled_one():
    first = (PAGE / "vendor" / "uPlot.iife.min.js").read_text(encoding="utf-8").splitlines()[0]
    version = re.search(r"v(\d+\.\d+\.\d+)", first)
    assert version is not None
    assert f"(https://github.com/leeoniya/uPlot) {version[1]} (MIT" in README
    assert "MIT License" in (PAGE / "vendor" / "LICENSE").read_text(encoding="utf-8")


def test_policy_has_the_hashes_of_style_and_scripts():
    text = html.render(totals.report(Collected((runs.result(),), runs.plan(1))))
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert found is not None
    policy = dict(rule.split(" ", 1) for rule in found[1].replace("&#39;", "'").split("; "))
    style = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)

    def hashes(texts: list[str]) -> str:
        digests = [base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in texts]
        return " ".join(f"'sha256-{digest}'" for digest in digests)

    assert len(style) == 1
    assert len(scripts) == 2
    assert policy["default-src"] == "'none'"
    assert policy["style-src"] == hashes(style)
    assert policy["script-src"] == hashes(scripts)


def test_page_has_no_address_to_load_from():
    text = html.render(totals.report(Collected((runs.result(),), runs.plan(1))))
    assert re.findall(r'(?:src|href)="', text) == []
    assert len(text.encode()) < 150_000
