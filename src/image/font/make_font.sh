#!/bin/sh
# Makes dejavu_sans.base64: DejaVu Sans 2.37 with Latin-1, dashes, quotes, arrows and comparison signs only.
# Usage: sh make_font.sh DejaVuSans.ttf   (Debian: fonts-dejavu-core, python3-fonttools; npm: dejavu-fonts-ttf)
# Base64 because a text import needs no read permission and is embedded by `deno compile`. License: LICENSE here.
set -eu
cd "$(dirname "$0")"
subset=$(mktemp)
python3 -m fontTools.subset "$1" --no-hinting --layout-features=kern --name-IDs=0,1,2,3,4,5,6,13,14 \
  --unicodes=U+0020-007E,U+00A0-00FF,U+2013,U+2014,U+2018,U+2019,U+201C,U+201D,U+2026,U+2190-2193,U+2212,U+2264,U+2265 \
  --output-file="$subset"
base64 -w 100 "$subset" > dejavu_sans.base64
rm "$subset"
