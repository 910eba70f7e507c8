#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each fuzzer on what its seeds are, cut and with other bytes: no clang needed, and the fuzzers do not rot.
# shellcheck source=tests/e2e/lib.sh
. "$top_srcdir/tests/e2e/lib.sh" || exit 99

fuzz=$top_builddir/tests/fuzz
check "seeds can be made" "$fuzz/seeds" "$top_srcdir" "$scratch/seeds"
for fuzzer in $FUZZERS; do
	name=$(basename "$fuzzer")
	check "$name stands its seeds" "$fuzz/$name" "$scratch/seeds/$name"/*
done
check "a fuzzer without inputs fails" refute "$fuzz/glob"
finish
