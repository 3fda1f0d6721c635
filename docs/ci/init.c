// SPDX-License-Identifier: MIT
/*
 * init of a machine that hands something over: one session, one memfd of 4 MiB and one sealed one, then kexec into /bzImage.
 * Nothing after the kexec needs an initramfs: the machine is stopped when the new kernel enters start_kernel().
 *
 * Build against the headers of the kernel under test (make headers_install), statically.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/liveupdate.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

/* boot-and-dump.sh waits for this word. */
static void fail(const char *what)
{
	printf("HANDOVER-FAILED: %s: %s\n", what, strerror(errno));
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static int memfd(const char *name, size_t size)
{
	int fd = memfd_create(name, MFD_ALLOW_SEALING);
	char *memory;

	if (fd < 0 || ftruncate(fd, size))
		fail("memfd");
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		fail("mmap");
	memset(memory, 0x5a, size);
	munmap(memory, size);
	return fd;
}

static void preserve(int session, int fd, unsigned long long token)
{
	struct liveupdate_session_preserve_fd argument = { .size = sizeof(argument), .fd = fd, .token = token };

	if (ioctl(session, LIVEUPDATE_SESSION_PRESERVE_FD, &argument))
		fail("LIVEUPDATE_SESSION_PRESERVE_FD");
}

int main(void)
{
	static const char cmdline[] = "console=ttyS0 nokaslr kho=on liveupdate=on";
	struct liveupdate_ioctl_create_session session = { .size = sizeof(session), .name = "vm-1" };
	int liveupdate, image, sealed;

	mount("none", "/dev", "devtmpfs", 0, NULL);
	liveupdate = open("/dev/liveupdate", O_RDWR);
	if (liveupdate < 0)
		fail("/dev/liveupdate");
	if (ioctl(liveupdate, LIVEUPDATE_IOCTL_CREATE_SESSION, &session))
		fail("LIVEUPDATE_IOCTL_CREATE_SESSION");
	preserve(session.fd, memfd("guest-ram", 4 << 20), 1);
	sealed = memfd("sealed", 64 << 10);
	if (fcntl(sealed, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW))
		fail("F_ADD_SEALS");
	preserve(session.fd, sealed, 2);

	image = open("/bzImage", O_RDONLY);
	if (image < 0)
		fail("/bzImage");
	/* Only kexec_file_load() attaches the handover. */
	if (syscall(SYS_kexec_file_load, image, -1, sizeof(cmdline), cmdline, KEXEC_FILE_NO_INITRAMFS))
		fail("kexec_file_load");
	/* The sessions stay open: a closed one is not handed over. */
	reboot(RB_KEXEC);
	fail("kexec");
}
