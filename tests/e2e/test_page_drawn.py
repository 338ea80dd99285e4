# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The page of `explain --html` as a browser draws it: what is to be seen, and whether it fits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("PyQt6.QtWebEngineCore", reason="needs a browser: pip install pyqt6-webengine")
pytest.importorskip("jinja2")

import matplotlib.image
import numpy as np
from matplotlib.colors import to_rgb

import tlm_mlir
from tlm_mlir.compiler.explain.charts import COLOURS

ATTENTION = Path(__file__).resolve().parents[2] / "lit" / "attention.mlir"
ZEN3 = tlm_mlir.Options(cpu="znver3", cores=2, graph=False)
SCREENLESS = {
    "QT_QPA_PLATFORM": "offscreen",
    "QTWEBENGINE_DISABLE_SANDBOX": "1",
    "QTWEBENGINE_CHROMIUM_FLAGS": "--disable-gpu --single-process",
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(tlm_mlir.schedule(ATTENTION, ZEN3).explain().html())
    return path


def drawn(page: Path, shot: Path, width: int) -> tuple[dict[str, object], np.ndarray]:
    """What the browser tells of a page, and the picture, float [rows, columns, 3]."""
    worker = Path(__file__).with_name("page_drawn.py")
    done = subprocess.run(
        [sys.executable, worker, page, shot, str(width)],
        env={**os.environ, **SCREENLESS},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), matplotlib.image.imread(shot)[..., :3]


@pytest.mark.parametrize("width", [1100, 420], ids=["desktop", "phone"])
def test_a_page_is_drawn_and_fits(page: Path, tmp_path: Path, width: int) -> None:
    told, shot = drawn(page, tmp_path / "shot.png", width)
    assert told["width"] == width and told["cut"] == []
    pictures = np.array(told["pictures"])
    # On a small screen they scroll: letters stay large enough to be read.
    assert pictures.shape == (2, 2) and (pictures[:, 0] >= min(width / 2, 500)).all()
    # The bar and the point of what is scheduled, and letters.
    bar = np.abs(shot - to_rgb(COLOURS[True])).max(-1) < 0.02
    assert bar.sum() > 1000
    assert (shot.max(-1) < 0.2).mean() > 0.005 and (shot.min(-1) > 0.99).mean() > 0.5


def test_what_does_not_fit_is_found(page: Path, tmp_path: Path) -> None:
    wide = tmp_path / "wide.html"
    wide.write_text(page.read_text().replace("<dd>", "<dd style='white-space: nowrap'>"))
    told, _ = drawn(wide, tmp_path / "shot.png", 420)
    assert told["width"] != 420 or told["cut"]
