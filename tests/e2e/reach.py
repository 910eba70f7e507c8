#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which functions of a libc reach a system call that the guard mediates.

    reach.py LIBC        one line a function: NAME<TAB>VERSION<TAB>CALL,CALL...

Reads the machine code (objdump, x86-64 only) and follows every branch and direct call from each exported function to the
`syscall` instructions behind it. Needs no debugging symbols. Calls through pointers are not seen, so the answer is a
lower bound; what libc does of itself in any function at all (allocating, translating a message, ending the process) is
not followed.
"""
import collections
import re
import subprocess
import sys

MEDIATED = """open openat openat2 creat unlink unlinkat rmdir rename renameat renameat2 link linkat symlink symlinkat mkdir
mkdirat mknod mknodat chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat truncate
readlink readlinkat getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr setxattr lsetxattr fsetxattr removexattr
lremovexattr fremovexattr inotify_add_watch fanotify_mark open_by_handle_at mq_open mq_unlink chroot pivot_root mount umount2
fsopen fsmount fsconfig fspick move_mount open_tree mount_setattr swapon swapoff acct quotactl reboot sethostname setdomainname
init_module finit_module delete_module iopl ioperm settimeofday clock_settime adjtimex clock_adjtime syslog vhangup kill tkill
tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal ptrace process_vm_readv process_vm_writev pidfd_getfd setuid setgid
setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset unshare setns execve execveat connect bind listen
sendto sendmsg sendmmsg io_uring_setup""".split()

# Not followed: libc's own housekeeping, which any function may do.
HOUSEKEEPING = """malloc free calloc realloc memalign abort raise exit _exit __assert_fail __stack_chk_fail __chk_fail
__fortify_fail dcgettext dcngettext gettext __dcgettext setlocale newlocale tzset localtime localtime_r mktime syslog vsyslog
perror psiginfo fclose fopen pthread_create pthread_exit pthread_cancel sysconf __sysconf error err verr
vfprintf vfwprintf fwrite fputs _IO_vfprintf _IO_vfscanf vfscanf qsort qsort_r""".split()

NEVER_RETURN = """abort exit _exit _Exit quick_exit __assert_fail __assert_perror_fail __stack_chk_fail __chk_fail __fortify_fail
pthread_exit longjmp __longjmp_chk siglongjmp _longjmp""".split()


def numbers():
    text = subprocess.run(["cc", "-E", "-dM", "-"], input="#include <asm/unistd.h>\n", text=True, check=True,
                          capture_output=True).stdout
    return {int(m[2]): m[1] for m in re.finditer(r"#define __NR_(\w+) (\d+)", text) if m[1] in MEDIATED}


def instructions(libc):
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", libc], text=True, check=True, capture_output=True).stdout
    code, order = {}, []
    for m in re.finditer(r"^ +([0-9a-f]+):\t(\S+) *(.*)$", text, re.M):
        address = int(m[1], 16)
        code[address] = (m[2], m[3])
        order.append(address)
    return code, dict(zip(order, order[1:]))


def exports(libc):
    text = subprocess.run(["nm", "-D", "--defined-only", "--with-symbol-versions", libc], text=True, check=True,
                          capture_output=True).stdout
    for line in text.splitlines():
        address, kind, name = line.split()
        if kind in "TWi":
            yield int(address, 16), re.split("@+", name)


def target(argument):
    m = re.match(r"([0-9a-f]+)\b", argument)
    return int(m[1], 16) if m else None


class Functions:
    """System calls, callees, and whether it comes back, of the function at an address."""

    def __init__(self, code, after, never):
        self.code, self.after = code, after
        self.memo = {address: (set(), set(), False) for address in never}

    def at(self, start):
        if start not in self.memo:
            self.memo[start] = (set(), set(), True)  # for one that calls itself
            self.memo[start] = self.read(start)
        return self.memo[start]

    def read(self, start):
        seen, todo, calls, found, returns = set(), [(start, None)], set(), set(), False
        while todo:
            at, rax = todo.pop()
            while at in self.code and at not in seen:
                seen.add(at)
                operation, argument = self.code[at]
                constant = re.match(r"\$0x([0-9a-f]+),%[er]ax$", argument)
                if operation.startswith("mov") and constant:
                    rax = int(constant[1], 16)
                elif operation == "xor" and argument == "%eax,%eax":
                    rax = 0
                elif operation == "syscall":
                    found.add(rax)
                    rax = None
                elif operation.startswith("call"):
                    callee = target(argument)
                    rax = None
                    if callee:
                        calls.add(callee)
                        if not self.at(callee)[2]:
                            break
                elif operation in ("jmp", "notrack") or operation.startswith("ret"):
                    if operation == "jmp" and target(argument):
                        at = target(argument)
                        continue
                    returns = True
                    break
                elif operation.startswith("j"):
                    todo.append((target(argument), rax))
                elif operation in ("hlt", "ud2"):
                    break
                at = self.after.get(at)
        return found, calls, returns


def main():
    libc = sys.argv[1]
    sys.setrecursionlimit(10000)
    code, after = instructions(libc)
    known = numbers()
    names = list(exports(libc))
    housekeeping = {address for address, name in names if name[0] in HOUSEKEEPING}
    functions = Functions(code, after, {address for address, name in names if name[0] in NEVER_RETURN})
    answers = collections.defaultdict(set)
    for address, name in names:
        todo, seen = [address], set()
        while todo:
            at = todo.pop()
            if at in seen or (at in housekeeping and at != address):
                continue
            seen.add(at)
            found, calls, _ = functions.at(at)
            answers[tuple(name)] |= {known[number] for number in found if number in known}
            todo.extend(calls)
    for name, reached in sorted(answers.items()):
        if reached:
            print(name[0], name[1] if len(name) > 1 else "", ",".join(sorted(reached)), sep="\t")


if __name__ == "__main__":
    main()
