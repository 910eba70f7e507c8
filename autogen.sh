#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Make configure from configure.ac and run it. Arguments go to configure; NOCONFIGURE=1 stops before that.
set -e
cd "$(dirname "$0")"
mkdir -p build-aux m4
cp "$(automake --print-libdir)/tap-driver.sh" build-aux/
autoreconf --install --force --warnings=all
[ -n "$NOCONFIGURE" ] || ./configure "$@"
