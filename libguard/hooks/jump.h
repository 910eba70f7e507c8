/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions to which it matters who calls them (dlopen, dlsym), or which take
 * more than C can pass on (syscall): ours look at the arguments and then jump,
 * so that libc's own function sees the guest as its caller.
 *
 *     JUMP(dlopen, load_dlopen)
 *     void *load_dlopen(long args[JUMP_ARGS], const void *caller);
 *
 * The second function may change the arguments; it returns where to jump to.
 */
#pragma once

#include "libguard/core/base.h"

#define JUMP_ARGS 6 /* those in registers that every machine has */

#if defined(__x86_64__)
#define JUMP(name, chooser)                                                                                            \
	__asm__(".text\n"                                                                                              \
		".globl " #name "\n"                                                                                   \
		".type " #name ", @function\n"                                                                         \
		".p2align 4\n" #name ":\n"                                                                             \
		".cfi_startproc\n"                                                                                     \
		"endbr64\n"                                                                                            \
		"subq $56, %rsp\n" /* six registers, and the stack on a multiple of 16 */                             \
		".cfi_adjust_cfa_offset 56\n"                                                                          \
		"movq %rdi, (%rsp)\n"                                                                                  \
		"movq %rsi, 8(%rsp)\n"                                                                                 \
		"movq %rdx, 16(%rsp)\n"                                                                                \
		"movq %rcx, 24(%rsp)\n"                                                                                \
		"movq %r8, 32(%rsp)\n"                                                                                 \
		"movq %r9, 40(%rsp)\n"                                                                                 \
		"movq %rsp, %rdi\n"                                                                                    \
		"movq 56(%rsp), %rsi\n"                                                                                \
		"call " #chooser "\n"                                                                                  \
		"movq %rax, %r11\n"                                                                                    \
		"movq (%rsp), %rdi\n"                                                                                  \
		"movq 8(%rsp), %rsi\n"                                                                                 \
		"movq 16(%rsp), %rdx\n"                                                                                \
		"movq 24(%rsp), %rcx\n"                                                                                \
		"movq 32(%rsp), %r8\n"                                                                                 \
		"movq 40(%rsp), %r9\n"                                                                                 \
		"addq $56, %rsp\n"                                                                                     \
		".cfi_adjust_cfa_offset -56\n"                                                                         \
		"jmp *%r11\n"                                                                                          \
		".cfi_endproc\n"                                                                                       \
		".size " #name ", .-" #name "\n")
#elif defined(__aarch64__)
#define JUMP(name, chooser)                                                                                            \
	__asm__(".text\n"                                                                                              \
		".globl " #name "\n"                                                                                   \
		".type " #name ", %function\n"                                                                         \
		".p2align 4\n" #name ":\n"                                                                             \
		".cfi_startproc\n"                                                                                     \
		"hint #34\n" /* bti c */                                                                               \
		"stp x29, x30, [sp, #-80]!\n"                                                                          \
		".cfi_def_cfa_offset 80\n"                                                                             \
		".cfi_offset 29, -80\n"                                                                                \
		".cfi_offset 30, -72\n"                                                                                \
		"mov x29, sp\n"                                                                                        \
		"stp x0, x1, [sp, #16]\n"                                                                              \
		"stp x2, x3, [sp, #32]\n"                                                                              \
		"stp x4, x5, [sp, #48]\n"                                                                              \
		"stp x6, x7, [sp, #64]\n"                                                                              \
		"add x0, sp, #16\n"                                                                                    \
		"mov x1, x30\n"                                                                                        \
		"bl " #chooser "\n"                                                                                    \
		"mov x16, x0\n"                                                                                        \
		"ldp x0, x1, [sp, #16]\n"                                                                              \
		"ldp x2, x3, [sp, #32]\n"                                                                              \
		"ldp x4, x5, [sp, #48]\n"                                                                              \
		"ldp x6, x7, [sp, #64]\n"                                                                              \
		"ldp x29, x30, [sp], #80\n"                                                                            \
		".cfi_restore 29\n"                                                                                    \
		".cfi_restore 30\n"                                                                                    \
		".cfi_def_cfa_offset 0\n"                                                                              \
		"br x16\n"                                                                                             \
		".cfi_endproc\n"                                                                                       \
		".size " #name ", .-" #name "\n")
#else
#error "libguard knows how to jump on x86-64 and aarch64 only"
#endif
