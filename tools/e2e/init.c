// SPDX-License-Identifier: MIT
/*
 * init of both kernels of an end-to-end run. The first one fills sessions with memfds, loads the next kernel and jumps;
 * the next one gets the files back, and compares their contents. In between both run `kho capture`, and stop at marks,
 * where the memory of the machine is saved from outside: `MARK:name` on the console, until a byte comes back.
 *
 * On the console, what it does is said in lines that a reader can compare with the dump:
 *   ACCOUNT kernel first | next
 *   ACCOUNT session NAME
 *   ACCOUNT file SESSION TOKEN SIZE POS SEALS
 *   ACCOUNT restored SESSION TOKEN ok | MESSAGE
 * and `HANDOVER-FAILED: WHY` ends the run.
 *
 * Built statically against the headers of the kernel under test (make headers_install).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/liveupdate.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define PAGE 4096
/* No capture may contain it: it is in every page of every memfd, in a process, and on the command line. */
#define CANARY "CANARY-4f1d"

static char cmdline[4096];
static int liveupdate = -1;

static void fail(const char *what)
{
	printf("HANDOVER-FAILED: %s: %s\n", what, strerror(errno));
	fflush(stdout);
	sync();
	reboot(RB_AUTOBOOT);
	_exit(1);
}

/* Tells what has been done, before a message of the kernel can come between. */
__attribute__((format(printf, 1, 2))) static void account(const char *format, ...)
{
	va_list list;

	printf("ACCOUNT ");
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	printf("\n");
	fflush(stdout);
	tcdrain(1);
}

/* Waits until the memory has been saved. */
static void mark(const char *name)
{
	char byte;

	printf("MARK:%s\n", name);
	fflush(stdout);
	if (read(0, &byte, 1) != 1)
		fail("console");
}

/* What a page of a file holds. */
static void page_text(char *page, const char *name, unsigned long index)
{
	snprintf(page, 64, CANARY "-%s-%lu", name, index);
}

/* A memfd of `size` bytes. Every page of `filled` pages from the start has its text; others are holes. */
static int memfd(const char *name, size_t size, unsigned long filled, unsigned int seals)
{
	int fd = memfd_create(name, MFD_ALLOW_SEALING);
	char *memory;

	if (fd < 0 || ftruncate(fd, size))
		fail("memfd");
	if (size && filled) {
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (memory == MAP_FAILED)
			fail("mmap");
		for (unsigned long i = 0; i < filled; i++)
			page_text(memory + i * PAGE, name, i);
		munmap(memory, size);
	}
	if (seals && fcntl(fd, F_ADD_SEALS, seals))
		fail("F_ADD_SEALS");
	return fd;
}

static int create_session(const char *name)
{
	struct liveupdate_ioctl_create_session argument = { .size = sizeof(argument) };

	strncpy((char *)argument.name, name, sizeof(argument.name) - 1);
	if (ioctl(liveupdate, LIVEUPDATE_IOCTL_CREATE_SESSION, &argument))
		fail("LIVEUPDATE_IOCTL_CREATE_SESSION");
	account("session %s", name);
	return argument.fd;
}

static void preserve(int session, const char *name, int fd, unsigned long long token)
{
	struct liveupdate_session_preserve_fd argument = { .size = sizeof(argument), .fd = fd, .token = token };
	struct stat status;

	if (ioctl(session, LIVEUPDATE_SESSION_PRESERVE_FD, &argument))
		fail("LIVEUPDATE_SESSION_PRESERVE_FD");
	if (fstat(fd, &status))
		fail("fstat");
	account("file %s %llu %llu %lld %d", name, token, (unsigned long long)status.st_size,
	       (long long)lseek(fd, 0, SEEK_CUR), fcntl(fd, F_GET_SEALS));
}

static int retrieve_session(const char *name)
{
	struct liveupdate_ioctl_retrieve_session argument = { .size = sizeof(argument) };

	strncpy((char *)argument.name, name, sizeof(argument.name) - 1);
	if (ioctl(liveupdate, LIVEUPDATE_IOCTL_RETRIEVE_SESSION, &argument))
		fail("LIVEUPDATE_IOCTL_RETRIEVE_SESSION");
	return argument.fd;
}

/* Gets a file back, and compares what is in it. */
static int retrieve(int session, const char *name, unsigned long long token, const char *file, unsigned long filled)
{
	struct liveupdate_session_retrieve_fd argument = { .size = sizeof(argument), .token = token };
	char is[64], expected[64] = "";

	if (ioctl(session, LIVEUPDATE_SESSION_RETRIEVE_FD, &argument)) {
		account("restored %s %llu %s", name, token, strerror(errno));
		return -1;
	}
	for (unsigned long i = 0; i < filled; i++) {
		memset(expected, 0, sizeof(expected));
		page_text(expected, file, i);
		if (pread(argument.fd, is, sizeof(is), i * PAGE) != sizeof(is) || memcmp(is, expected, sizeof(is))) {
			account("restored %s %llu page %lu has been lost", name, token, i);
			return argument.fd;
		}
	}
	account("restored %s %llu ok", name, token);
	return argument.fd;
}

static void finish(int session)
{
	struct liveupdate_session_finish argument = { .size = sizeof(argument) };

	if (ioctl(session, LIVEUPDATE_SESSION_FINISH, &argument))
		fail("LIVEUPDATE_SESSION_FINISH");
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail(path);
	close(fd);
}

/* Runs kho; what it prints and its status go to out/NAME.stdout, .stderr and .status on the disk. */
static void kho(const char *name, ...)
{
	static const char *const streams[] = { NULL, "stdout", "stderr" };
	char path[256], text[16];
	char *arguments[24] = { "node", "kho.mjs" };
	int count = 2, status;
	va_list list;
	pid_t pid;

	if (!strstr(cmdline, "captures=1"))
		return;
	va_start(list, name);
	do
		arguments[count] = va_arg(list, char *);
	while (arguments[count++] && count < 23);
	va_end(list);
	printf("KHO %s\n", name);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		for (int i = 1; i <= 2; i++) {
			snprintf(path, sizeof(path), "/host/out/%s.%s", name, streams[i]);
			dup2(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600), i);
		}
		if (chdir("/host"))
			_exit(98);
		execv("/host/bin/node", arguments);
		_exit(99);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		fail("kho");
	snprintf(path, sizeof(path), "/host/out/%s.status", name);
	snprintf(text, sizeof(text), "%d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	write_text(path, text);
	sync();
}

static void mount_all(void)
{
	static const struct { const char *type, *path; } mounts[] = {
		{ "devtmpfs", "/dev" }, { "proc", "/proc" }, { "sysfs", "/sys" }, { "debugfs", "/sys/kernel/debug" },
		{ "securityfs", "/sys/kernel/security" }, { "tmpfs", "/tmp" }, { "tmpfs", "/dev/shm" },
	};
	int fd;

	mkdir("/host", 0755);
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].path, 0755);
		if (mount("none", mounts[i].path, mounts[i].type, 0, NULL) && errno != EBUSY)
			fail(mounts[i].path);
	}
	fd = open("/proc/cmdline", O_RDONLY);
	if (fd < 0 || read(fd, cmdline, sizeof(cmdline) - 1) < 0)
		fail("/proc/cmdline");
	close(fd);
	if (mount("/dev/vda", "/host", "ext2", 0, NULL))
		fail("/dev/vda");
	/* The interpreter that node names. */
	mkdir("/lib64", 0755);
	if (symlink("/host/lib/ld-linux-x86-64.so.2", "/lib64/ld-linux-x86-64.so.2"))
		fail("symlink");
	setenv("LD_LIBRARY_PATH", "/host/lib", 1);
	setenv("CANARY", CANARY "-environment", 1);
}

/* A byte on the console means one byte, without echo. */
static void raw_console(void)
{
	struct termios settings;

	if (tcgetattr(0, &settings))
		return;
	cfmakeraw(&settings);
	settings.c_oflag |= OPOST | ONLCR;
	tcsetattr(0, TCSANOW, &settings);
}

static void first_kernel(void)
{
	static char next[sizeof(cmdline) + 64];
	int vm1, vm2, image, initrd, moved;
	char *stage;

	account("kernel first");
	vm1 = create_session("vm-1");
	preserve(vm1, "vm-1", memfd("ram", 4 << 20, 1024, 0), 1);
	preserve(vm1, "vm-1", memfd("sealed", 64 << 10, 16, F_SEAL_SHRINK | F_SEAL_GROW), 2);
	vm2 = create_session("vm-2");
	/* Not a multiple of the page size: its last page is filled as well. */
	moved = memfd("odd", 20 * PAGE + 123, 21, 0);
	if (lseek(moved, 4242, SEEK_SET) != 4242)
		fail("lseek");
	preserve(vm2, "vm-2", moved, 0x8000000000000000ull);
	/* Its holes are filled when it is preserved. */
	preserve(vm2, "vm-2", memfd("sparse", 1 << 20, 1, 0), 4);
	preserve(vm2, "vm-2", memfd("nothing", 0, 0, 0), 5);
	/* Large folios. */
	write_text("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "always");
	preserve(vm2, "vm-2", memfd("large", 4 << 20, 1024, 0), 6);
	write_text("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "never");
	create_session("bare");

	kho("open", "capture", "-o", "out/open", NULL);
	mark("open");
	image = open("/host/bzImage", O_RDONLY);
	initrd = open("/host/initrd.img", O_RDONLY);
	if (image < 0 || initrd < 0)
		fail("image");
	strcpy(next, cmdline);
	stage = strstr(next, "stage=1");
	if (!stage)
		fail("stage");
	stage[6] = '2';
	next[strcspn(next, "\n")] = 0;
	/* Only kexec_file_load() attaches the handover. */
	if (syscall(SYS_kexec_file_load, image, initrd, strlen(next) + 1, next, 0))
		fail("kexec_file_load");
	close(image);
	close(initrd);
	kho("loaded", "capture", "-o", "out/loaded", NULL);
	mark("loaded");
	if (umount("/host"))
		fail("umount");
	sync();
	/* The sessions stay open: a closed one is not handed over. */
	reboot(RB_KEXEC);
	fail("kexec");
}

static void next_kernel(void)
{
	int vm1, vm2, again;

	account("kernel next");
	/* Nobody has asked for anything yet. */
	kho("fresh", "capture", "-o", "out/fresh", NULL);
	mark("fresh");
	kho("core", "capture", "-o", "out/core.elf", NULL);
	kho("live", "validate", "--live", "--allow-incomplete", "--format", "json", NULL);

	liveupdate = open("/dev/liveupdate", O_RDWR);
	if (liveupdate < 0)
		fail("/dev/liveupdate");
	vm1 = retrieve_session("vm-1");
	retrieve(vm1, "vm-1", 1, "ram", 1024);
	retrieve(vm1, "vm-1", 2, "sealed", 16);
	finish(vm1);
	vm2 = retrieve_session("vm-2");
	retrieve(vm2, "vm-2", 0x8000000000000000ull, "odd", 21);
	retrieve(vm2, "vm-2", 4, "sparse", 1);
	retrieve(vm2, "vm-2", 5, "nothing", 0);
	retrieve(vm2, "vm-2", 6, "large", 1024);
	again = create_session("again");
	preserve(again, "again", memfd("again", 1 << 20, 256, 0), 7);
	kho("taken", "capture", "-o", "out/taken", NULL);
	mark("taken");

	if (strstr(cmdline, "captures=1")) {
		write_text("/sys/kernel/security/lockdown", "integrity");
		kho("integrity", "capture", "-o", "out/integrity", NULL);
		write_text("/sys/kernel/security/lockdown", "confidentiality");
		kho("confidentiality", "capture", "-o", "out/confidentiality", NULL);
		kho("confidentiality-core", "capture", "-o", "out/confidentiality.elf", NULL);
		kho("confidentiality-live", "validate", "--live", NULL);
		if (umount("/sys/kernel/debug"))
			fail("umount /sys/kernel/debug");
		kho("nothing", "capture", "-o", "out/nothing", NULL);
	}
	mark("end");
	umount("/host");
	sync();
	reboot(RB_POWER_OFF);
	reboot(RB_AUTOBOOT);
}

int main(void)
{
	char *secret;

	mount_all();
	raw_console();
	/* In the memory of a process. */
	secret = malloc(PAGE);
	if (!secret)
		fail("malloc");
	snprintf(secret, PAGE, "%s-process", CANARY);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (strstr(cmdline, "stage=2")) {
		next_kernel();
	} else {
		liveupdate = open("/dev/liveupdate", O_RDWR);
		if (liveupdate < 0)
			fail("/dev/liveupdate");
		first_kernel();
	}
	return 0;
}
