#!/bin/sh
# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Unpacks Mesa's software Vulkan driver (lavapipe) and the Vulkan loader of Debian 12's backports into
# a folder, without root and without touching the system: lavapipe.sh FOLDER
# The Mesa of Debian 12 itself (22.3) miscompiles valid schedules, so a system's own driver will not do.
set -eu
# apt takes a relative path as one inside its own folder.
folder=$(mkdir -p "$1" && cd "$1" && pwd)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
mirror=http://deb.debian.org/debian
for tool in apt-get dpkg-deb curl; do
  command -v $tool > /dev/null || { echo "lavapipe: no $tool here; Vulkan tests will be skipped"; exit 0; }
done
mkdir -p "$folder/apt/lists/partial" "$folder/apt/archives/partial" "$folder/debs"
for suite in bookworm bookworm-backports; do
  echo "deb [signed-by=$keyring] $mirror $suite main"
done > "$folder/apt/sources.list"
options="-o Dir::Etc::SourceList=$folder/apt/sources.list -o Dir::Etc::SourceParts=/dev/null
  -o Dir::State::Lists=$folder/apt/lists -o Dir::Cache=$folder/apt -o APT::Get::List-Cleanup=0"
# What the system has already is left out.
# shellcheck disable=SC2086
{ apt-get $options update -qq && apt-get $options install --print-uris --yes --reinstall \
    --no-install-recommends -t bookworm-backports mesa-vulkan-drivers libvulkan1 > "$folder/plan"; } ||
  { echo "lavapipe: Debian's backports are out of reach; Vulkan tests will be skipped"; exit 0; }
sed -n "s/^'\([^']*\)'.*/\1/p" "$folder/plan" | while read -r url; do
  curl -sSfL --retry 3 -o "$folder/debs/$(basename "$url")" "$url"
done
for deb in "$folder"/debs/*.deb; do dpkg-deb -x "$deb" "$folder"; done
rm -rf "$folder/apt" "$folder/debs" "$folder/plan"
