"""Confinement: what a process gives up before it looks at a stranger's file, and cannot take back.

Limits hold on every system. On Linux a seccomp filter then leaves it a handful of system calls: it may read and write
what is open (its pipes), have memory, and end. It cannot open a file, make a socket, start or look at a process; what
it asks for beyond that fails. So whoever takes over a decoder has a calculator. Elsewhere `shut` says so.

Source: https://docs.kernel.org/userspace-api/seccomp_filter.html, numbers from the kernel's own tables.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import sys
from collections.abc import Sequence

_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _REFUSE, _UNKNOWN = 0x7FFF0000, 0x00050001, 0x00050026  # SECCOMP_RET_ERRNO with EPERM, and with ENOSYS
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_CLONE_THREAD = 0x10000
_CALLS = (
    ("read", 0, 63), ("write", 1, 64), ("readv", 19, 65), ("writev", 20, 66), ("close", 3, 57), ("fstat", 5, 80),
    ("lseek", 8, 62), ("mmap", 9, 222), ("mprotect", 10, 226), ("munmap", 11, 215), ("mremap", 25, 216),
    ("madvise", 28, 233), ("brk", 12, 214), ("rt_sigaction", 13, 134), ("rt_sigprocmask", 14, 135),
    ("rt_sigreturn", 15, 139), ("sigaltstack", 131, 132), ("tgkill", 234, 131), ("sched_yield", 24, 124),
    ("sched_getaffinity", 204, 123), ("futex", 202, 98), ("getpid", 39, 172), ("gettid", 186, 178),
    ("sysinfo", 99, 179), ("gettimeofday", 96, 169), ("clock_gettime", 228, 113), ("getrandom", 318, 278),
    ("exit", 60, 93), ("exit_group", 231, 94), ("set_robust_list", 273, 99), ("rseq", 334, 293),
)  # fmt: skip
"""All that is left: a system call's name, its number on x86_64, and on aarch64."""
_CLONE, _CLONE3 = ("clone", 56, 220), 435
"""A decoder of H.265 wants a thread; with flags that say so `clone` is left too. The newer call is not there at all."""
_ARCHITECTURES = {"x86_64": (0xC000003E, 1), "aarch64": (0xC00000B7, 2)}
"""How the kernel names a machine, and which column of the calls is its."""


def limit(memory_bytes: int, cpu_seconds: int) -> None:
    """Bound memory and time from now on; write no file, leave no core, come after everybody else."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    os.nice(10)


def shut() -> bool:
    """Give up files, network and processes; all code must have been loaded before. False where there is no filter."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    known = _ARCHITECTURES.get(platform.machine()) if sys.platform == "linux" else None
    if known is None:
        return False
    architecture, column = known
    program = _program(architecture, [int(call[column]) for call in _CALLS], int(_CLONE[column]))
    code = ctypes.create_string_buffer(program)
    filter_ = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return int(libc.prctl(_SECCOMP, _FILTER, ctypes.create_string_buffer(filter_), 0, 0)) == 0


def _program(architecture: int, allowed: Sequence[int], clone: int) -> bytes:
    """Write the filter: another architecture's calls are refused, then all that are not in the list."""
    steps = [(_LOAD, 0, 0, _ARCHITECTURE_AT), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _REFUSE)]
    steps += [(_LOAD, 0, 0, _NUMBER_AT), (_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _UNKNOWN)]
    steps += [(_EQUAL, 0, 4, clone), (_LOAD, 0, 0, _FIRST_ARGUMENT_AT), (_ANY_BIT, 0, 1, _CLONE_THREAD)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    steps += [(_EQUAL, len(allowed) - at, 0, number) for at, number in enumerate(allowed)]
    steps += [(_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
