/*
 * What a C program takes to walk the tables of an ELF core: from the mapped file, with the checks that the toolkit
 * makes (presence, reserved bits by level, every table page once) and merging of contiguous leaves.
 * Arguments: file, then for each domain the address of its top table and its levels. Prints leaves, runs, anomalies.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct segment {
	uint64_t start, end, offset;
};

static const uint8_t *file;
static struct segment *segments, *last;
static size_t count;
static uint8_t *visited;
static uint64_t size, leaves, runs, bad;
static uint64_t run_iova, run_target, run_flags, run_pages;

/* Reserved bits by level for a host address width of 52: table and leaf shapes. */
static const uint64_t table_mask[5] = { 0, 0, 0x4000000000000800, 0x4000000000000800, 0x4000000000000880 };
static const uint64_t leaf_mask[5] = { 0, 0x4000000000000000, 0x40000000001ff000, 0x400000003ffff000, 0 };

static int by_start(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static const uint64_t *page_at(uint64_t address)
{
	size_t low = 0, high = count;

	if (!last || address < last->start || address + 4096 > last->end) {
		while (low < high) {
			size_t middle = (low + high) / 2;

			if (segments[middle].end <= address)
				low = middle + 1;
			else
				high = middle;
		}
		if (low == count || address < segments[low].start || address + 4096 > segments[low].end)
			return NULL;
		last = &segments[low];
	}
	return (const uint64_t *)(file + last->offset + (address - last->start));
}

static inline void take(uint64_t iova, uint64_t entry, uint64_t pages)
{
	uint64_t target = (entry & 0x000ffffffffff000) >> 12, flags = entry & 0xfff;

	leaves++;
	if (iova == run_iova + run_pages && target == run_target + run_pages && flags == run_flags) {
		run_pages += pages;
		return;
	}
	runs++;
	run_iova = iova;
	run_target = target;
	run_flags = flags;
	run_pages = pages;
}

static void walk(uint64_t address, int level, uint64_t iova)
{
	const uint64_t *table = page_at(address);
	uint64_t page, span = (uint64_t)1 << (9 * (level - 1));

	if (!table) {
		bad++;
		return;
	}
	page = ((const uint8_t *)table - file) >> 12;
	if (visited[page >> 3] & (1 << (page & 7)))
		bad++;
	visited[page >> 3] |= 1 << (page & 7);
	for (int i = 0; i < 512; i++, iova += span) {
		uint64_t entry;
		int leaf;

		memcpy(&entry, table + i, sizeof(entry));
		leaf = level == 1 || (level <= 3 && (entry & 0x80));
		if (!(entry & 3))
			continue;
		if (entry & (leaf ? leaf_mask : table_mask)[level]) {
			bad++;
			continue;
		}
		if (leaf)
			take(iova, entry, span);
		else
			walk(entry & 0x000ffffffffff000, level - 1, iova);
	}
}

int main(int argc, char **argv)
{
	const Elf64_Ehdr *head;
	const Elf64_Phdr *program;
	struct stat st;
	uint64_t number;
	int fd;

	if (argc < 4 || (fd = open(argv[1], O_RDONLY)) < 0 || fstat(fd, &st))
		return 1;
	size = st.st_size;
	file = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED)
		return 1;
	head = (const Elf64_Ehdr *)file;
	/* PN_XNUM: the number is in the first section header. */
	number = head->e_phnum == 0xffff ? ((const Elf64_Shdr *)(file + head->e_shoff))->sh_info : head->e_phnum;
	program = (const Elf64_Phdr *)(file + head->e_phoff);
	segments = malloc(number * sizeof(*segments) + 1);
	visited = calloc((size >> 15) + 1, 1);
	if (!segments || !visited)
		return 1;
	for (uint64_t i = 0; i < number; i++) {
		if (program[i].p_type != PT_LOAD)
			continue;
		segments[count++] = (struct segment){ program[i].p_paddr, program[i].p_paddr + program[i].p_filesz,
						      program[i].p_offset };
	}
	qsort(segments, count, sizeof(*segments), by_start);
	for (int i = 2; i + 1 < argc; i += 2) {
		run_iova = run_target = ~(uint64_t)0;
		run_pages = 0;
		walk(strtoull(argv[i], NULL, 0), atoi(argv[i + 1]), 0);
	}
	printf("%llu leaves, %llu runs, %llu anomalies\n", (unsigned long long)leaves, (unsigned long long)runs,
	       (unsigned long long)bad);
	return 0;
}
