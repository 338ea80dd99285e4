# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes the released corpus: `tlm-mlir make-corpus NETWORKS_DIR OUT_DIR`.

NETWORKS_DIR is what `tlm-mlir export-networks` filled. OUT_DIR gets `training.jsonl.xz`,
`held_out.jsonl.xz` (the dispatches of the held-out networks, for `tlm-mlir eval`) and
`held_out.json` (the root keys of all that occurs in them, dispatches and graph-level ops). A
training corpus that OUT_DIR holds already grows: what has records stays in it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from ...files import write_text
from .entries import gather, held_out, occurs, read, select, write
from .graph_ops import held_out_keys
from .settings import SETTINGS


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill OUT_DIR with the corpora of the exported networks in NETWORKS_DIR."""
    parser = argparse.ArgumentParser(prog="tlm-mlir make-corpus", description=main.__doc__)
    parser.add_argument("networks", type=Path, metavar="NETWORKS_DIR")
    parser.add_argument("out", type=Path, metavar="OUT_DIR")
    names = list(dict.fromkeys(setting.name for setting in SETTINGS))
    text = "take dispatches under this setting alone, and leave the held-out dispatches as they are"
    parser.add_argument("--only", choices=names, help=text)
    options = parser.parse_args(arguments)
    folder, out = options.networks, options.out
    settings = [setting for setting in SETTINGS if options.only in (None, setting.name)]
    out.mkdir(parents=True, exist_ok=True)
    unseen, roots = held_out(folder, settings)
    keys = out / "held_out.json"
    if options.only is None:
        write(unseen, out / "held_out.jsonl.xz")
        roots |= held_out_keys(folder)
    elif keys.exists():
        roots |= set(json.loads(keys.read_text()))
    write_text(keys, json.dumps(sorted(roots), indent=0) + "\n")
    entries = gather(folder, roots, settings)
    corpus = out / "training.jsonl.xz"
    kept = [entry for entry in read(corpus) if not occurs(entry, roots)] if corpus.exists() else []
    chosen = select(entries, kept)
    write(chosen, corpus)
    print(f"{len(entries)} distinct workloads, {len(chosen)} chosen; {len(unseen)} held out")
    return 0
