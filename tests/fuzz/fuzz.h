/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fuzzers share. A fuzzer is a file with LLVMFuzzerTestOneInput, listed in
 * Makefile.inc; seeds.c makes what it begins with.
 */
#pragma once

#include "libguard/core/base.h"

#include <stdint.h>

/* Try one input. 0, always; a finding ends the process. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A directory of this process's own, made on first use and removed at its end. */
const char *fuzz_directory(void);

/* Put LEN bytes into a file NAME of that directory, in the place of what is there. */
void fuzz_put(const char *name, const void *data, size_t len);

/* End as a finding unless HOLDS. */
void fuzz_demand(bool holds, const char *sentence) NONNULL;
