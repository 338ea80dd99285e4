# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes the released corpus: `python -m tlm_mlir.training.corpus.make NETWORKS_DIR OUT_DIR`.

NETWORKS_DIR is what `tlm_mlir.training.corpus.export` filled. OUT_DIR gets `training.jsonl.xz`,
`held_out.jsonl.xz` (the dispatches of the held-out networks, for `tlm-mlir eval`) and
`held_out.json` (the root keys of all that occurs in them, dispatches and graph-level ops). A
training corpus that OUT_DIR holds already grows: what has records stays in it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ...files import write_text
from ..records.collect_graph import held_out_keys
from .entries import gather, held_out, occurs, read, select, write


def main(arguments: Sequence[str] | None = None) -> int:
    """Fills OUT_DIR from NETWORKS_DIR."""
    folder, out = map(Path, arguments or sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    unseen, roots = held_out(folder)
    write(unseen, out / "held_out.jsonl.xz")
    roots |= held_out_keys(folder)
    write_text(out / "held_out.json", json.dumps(sorted(roots), indent=0) + "\n")
    entries = gather(folder, roots)
    corpus = out / "training.jsonl.xz"
    kept = [entry for entry in read(corpus) if not occurs(entry, roots)] if corpus.exists() else []
    chosen = select(entries, kept)
    write(chosen, corpus)
    print(f"{len(entries)} distinct workloads, {len(chosen)} chosen; {len(unseen)} held out")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
