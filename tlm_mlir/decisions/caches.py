# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The caches of a CPU that is elsewhere, as far as who compiles for it tells of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from iree.compiler import ir

from ..targets.target import CpuTarget
from .point import DecisionPoint, Site

Caches: TypeAlias = tuple[int, int, int]
"""Bytes of L1 data, L2 and L3; zero means unknown or absent (`CpuTarget`)."""


def find_sites(
    point: DecisionPoint, module: ir.Operation, cores: int, caches: Caches | None
) -> list[Site]:
    """The sites of a point, whose CPUs have these caches; what this machine knows of them where
    None."""
    sites = point.find(module, cores)
    return sites if caches is None else [_with_caches(site, caches) for site in sites]


def _with_caches(site: Site, caches: Caches) -> Site:
    if site.task is None or not isinstance(site.task.target, CpuTarget):
        return site
    l1, l2, l3 = caches
    target = replace(site.task.target, l1=l1, l2=l2, l3=l3)
    return replace(site, task=replace(site.task, target=target))
