/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls by the gate; see sys_gate.h.
 *
 * They jump there, so that the gate's own return leads back to the caller: each
 * return behind the kernel's, which the processor does not foresee, costs 9 ns.
 */
#include "libguard/core/sys_gate.h"

extern const char sys_gate_here[] __attribute__((visibility("hidden")));

struct sys_gate sys_gate = {.entry = sys_gate_here};

#define FUNCTION(name, kind) ".p2align 4\n.globl " #name "\n.hidden " #name "\n.type " #name ", " kind "\n" #name ":\n"

#if defined(__x86_64__)
#define LOAD                                                                                                           \
	"movq %rdi, %rax\n"                                                                                            \
	"movq (%rsi), %rdi\n"                                                                                          \
	"movq 16(%rsi), %rdx\n"                                                                                        \
	"movq 24(%rsi), %r10\n"                                                                                        \
	"movq 32(%rsi), %r8\n"
__asm__(".text\n" FUNCTION(sys_gated, "@function") ".cfi_startproc\n" LOAD
	"movq sys_gate+8(%rip), %r9\n"
	"movq 8(%rsi), %rsi\n"
	"jmp *sys_gate(%rip)\n"
	".cfi_endproc\n"
	".size sys_gated, .-sys_gated\n" FUNCTION(sys_gated_six, "@function") ".cfi_startproc\n" LOAD
	"movq 40(%rsi), %r9\n"
	"movq 8(%rsi), %rsi\n"
	"jmp *sys_gate(%rip)\n"
	".cfi_endproc\n"
	".size sys_gated_six, .-sys_gated_six\n" FUNCTION(sys_gate_here, "@function") ".cfi_startproc\n"
	"endbr64\n"
	"syscall\n"
	"ret\n"
	".cfi_endproc\n"
	".size sys_gate_here, .-sys_gate_here\n");
#elif defined(__aarch64__)
#define LOAD                                                                                                           \
	"mov x8, x0\n"                                                                                                 \
	"mov x9, x1\n"                                                                                                 \
	"ldp x0, x1, [x9]\n"                                                                                           \
	"ldp x2, x3, [x9, #16]\n"                                                                                      \
	"ldr x4, [x9, #32]\n"                                                                                          \
	"adrp x16, sys_gate\n"                                                                                         \
	"add x16, x16, :lo12:sys_gate\n"
__asm__(".text\n" FUNCTION(sys_gated, "%function") ".cfi_startproc\nhint #34\n" LOAD
	"ldr x5, [x16, #8]\n"
	"ldr x16, [x16]\n"
	"br x16\n"
	".cfi_endproc\n"
	".size sys_gated, .-sys_gated\n" FUNCTION(sys_gated_six, "%function") ".cfi_startproc\nhint #34\n" LOAD
	"ldr x5, [x9, #40]\n"
	"ldr x16, [x16]\n"
	"br x16\n"
	".cfi_endproc\n"
	".size sys_gated_six, .-sys_gated_six\n" FUNCTION(sys_gate_here, "%function") ".cfi_startproc\nhint #34\n"
	"svc #0\n"
	"ret\n"
	".cfi_endproc\n"
	".size sys_gate_here, .-sys_gate_here\n");
#endif
