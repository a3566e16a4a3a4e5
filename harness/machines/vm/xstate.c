/*
 * Lets User-mode Linux 6.1 run on processors with AMX. Its kernel keeps 2696 bytes of a program's extended registers
 * (HOST_FP_SIZE, arch/x86/um/user-offsets.c), and the computer's takes them back only whole: ptrace(2) says EFAULT where
 * they are more, "userspace - ptrace set fp regs failed, errno = 14" is the guest's last word. The rest is AMX's, which
 * no program of a guest may use without asking (arch_prctl(2), ARCH_REQ_XCOMP_PERM): it is zero. From 6.13 on the
 * kernel of User-mode Linux asks how large they are. Preloaded into linux.uml.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

static char whole[1 << 16];
static size_t size;

long ptrace(enum __ptrace_request request, ...)
{
	static long (*next)(enum __ptrace_request, ...);
	struct iovec all = { whole, sizeof whole };
	const struct iovec *given;
	va_list more;
	pid_t pid;
	void *address, *data;

	va_start(more, request);
	pid = va_arg(more, pid_t);
	address = va_arg(more, void *);
	data = va_arg(more, void *);
	va_end(more);

	if (!next)
		next = (long (*)(enum __ptrace_request, ...))dlsym(RTLD_NEXT, "ptrace");
	if (request != PTRACE_SETREGSET || (long)address != NT_X86_XSTATE)
		return next(request, pid, address, data);
	if (!size) {
		if (next(PTRACE_GETREGSET, pid, address, &all) < 0)
			return -1;
		size = all.iov_len;
		memset(whole, 0, size);
	}
	given = data;
	if (given->iov_len >= size)
		return next(request, pid, address, data);
	memcpy(whole, given->iov_base, given->iov_len);
	all.iov_len = size;
	return next(request, pid, address, &all);
}
