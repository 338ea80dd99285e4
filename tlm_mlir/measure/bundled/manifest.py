# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A bundle's manifest and files."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

FORMAT = 2
MANIFEST = "manifest.json"
DTYPES = {
    **{"f16": "float16", "f32": "float32", "f64": "float64"},
    **{"i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64"},
}
"""MLIR's names of what inputs may be made of, and numpy's."""


class BundleError(Exception):
    """What a person can mend, in one sentence."""


def read_manifest(bundle: Path) -> dict[str, Any]:
    """The manifest of a bundle for this version of IREE. Raises BundleError."""
    import importlib.metadata as metadata

    try:
        with zipfile.ZipFile(bundle) as archive:
            manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
        found = manifest["format"]
        wanted = manifest["versions"]["iree"]
    except FileNotFoundError:
        raise BundleError(f"{bundle} does not exist; give the path of a bundle") from None
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{bundle} is no bundle, or damaged ({error}); copy it again") from None
    if found != FORMAT:
        raise BundleError(f"{bundle} has format {found}, this runs {FORMAT}; bundle again")
    try:
        here = metadata.version("iree-base-runtime")
    except metadata.PackageNotFoundError:
        here = "missing"
    if here != wanted:
        raise BundleError(
            f"{bundle} was compiled for IREE {wanted}, iree-base-runtime here is {here}; install"
            f" iree-base-runtime=={wanted}"
        )
    return manifest


def content_of(archive: zipfile.ZipFile, entry: dict[str, str]) -> bytes:
    """A file that the manifest names. Raises BundleError where it is not what was compiled."""
    try:
        content = archive.read(entry["file"])
    except (KeyError, zipfile.BadZipFile) as error:
        raise BundleError(f"the bundle is damaged ({error}); copy it again") from None
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise BundleError(f"{entry['file']} of the bundle is damaged; copy it again")
    return content
