# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Draws a page in a browser without a screen: `page_drawn.py PAGE.html SHOT.png WIDTH`.

Prints as JSON how wide the page is, the sizes of its pictures, and the texts that do not fit their
boxes. Ends with status 1 where the page does not load.
"""

from __future__ import annotations

import json
import sys

from PyQt6.QtCore import QTimer, QUrl
from PyQt6.QtWebEngineWidgets import QWebEngineView
from PyQt6.QtWidgets import QApplication

SETTLED, PATIENCE = 1000, 100_000
"""Milliseconds after which what was loaded is drawn, and after which nothing is waited for."""
ASKED = """JSON.stringify({
  width: document.documentElement.scrollWidth,
  pictures: [...document.querySelectorAll("svg")].map(
    (s) => [s.getBoundingClientRect().width, s.getBoundingClientRect().height]),
  cut: [...document.querySelectorAll("h1, h3, p, dd")].filter(
    (e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent.slice(0, 60)),
})"""


def main(page: str, shot: str, width: int) -> int:
    app = QApplication(sys.argv[:1])
    view = QWebEngineView()
    view.resize(width, 1600)
    found: list[str] = []

    def told(answer: str) -> None:
        view.grab().save(shot)
        found.append(answer)
        app.quit()

    def loaded(ok: bool) -> None:
        if not ok:
            app.quit()
            return
        QTimer.singleShot(SETTLED, lambda: view.page().runJavaScript(ASKED, told))

    view.loadFinished.connect(loaded)
    view.load(QUrl.fromLocalFile(page))
    view.show()
    QTimer.singleShot(PATIENCE, app.quit)
    app.exec()
    for answer in found:
        print(json.dumps(json.loads(answer)), flush=True)
    return int(not found)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
