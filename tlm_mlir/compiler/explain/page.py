# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A report as one page of HTML that needs nothing else: pictures stand in it as SVG."""

from __future__ import annotations

from pathlib import Path

from ...errors import InputError
from ..report import Report
from . import figures

TEMPLATE = Path(__file__).with_name("page.html")


def page(report: Report) -> str:
    """The page. Raises InputError where the extra `explain` is not installed."""
    try:
        import jinja2

        from .charts import roofline, shares
    except ImportError as error:
        raise InputError(
            f"pages need {error.name}, which is not installed; run"
            " `pip install tlm-mlir[explain]`"
        ) from None
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(TEMPLATE.read_text())
    return template.render(
        report=report,
        rows=figures.largest_first(report),
        figures=figures,
        shares=shares(report),
        roofline=roofline(report),
    )
