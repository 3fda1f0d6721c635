/*
 * Runs libfdt over a batch on standard input; answers go to standard output. All integers are big-endian.
 *
 *   check: { u32 size, bytes }...            -> { i32 result of fdt_check_full }...
 *   read:  { u32 size, bytes }...            -> { u32 size, text }..., one line a node or property in libfdt's order
 *   digest: { u32 size, bytes }...          -> { i32 result of fdt_check_full, u32 u32 hashes of what `read` prints,
 *                                              0 where it is refused or has no root at offset 0 }...
 *   write: { u32 size, calls }...            -> { u32 size, blob }... from the sequential writer
 *          calls: 'R' u64 u64 | 'B' u32 name | 'P' u32 name u32 value | 'E'
 *   edit:  { u32 size, blob and calls }...   -> { u32 size, blob }... opened into a larger buffer, edited, packed
 *          u32 size, blob, then calls: 'S' u32 path u32 name (add a subnode) | 'V' u32 path u32 name u32 value (set)
 */
#include <stdint.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libfdt.h>

static void fail(const char *what, int result)
{
	fprintf(stderr, "%s: %d\n", what, result);
	exit(2);
}

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t be64(const unsigned char *p)
{
	return (uint64_t)be32(p) << 32 | be32(p + 4);
}

static void put32(uint32_t value)
{
	unsigned char b[4] = { value >> 24, value >> 16, value >> 8, value };

	fwrite(b, 1, 4, stdout);
}

/* One record in memory of exactly its size, so that a memory checker sees reads beyond it. */
static unsigned char *next(uint32_t *size)
{
	unsigned char head[4], *bytes;

	if (fread(head, 1, 4, stdin) != 4)
		return NULL;
	*size = be32(head);
	bytes = malloc(*size ? *size : 1);
	if (!bytes || fread(bytes, 1, *size, stdin) != *size)
		fail("short record", (int)*size);
	return bytes;
}

static void check(const unsigned char *blob, uint32_t size)
{
	put32((uint32_t)fdt_check_full(blob, size));
}

static void hex(FILE *out, const char *bytes, int length)
{
	for (int i = 0; i < length; i++)
		fprintf(out, "%02x", (unsigned char)bytes[i]);
}

/* The text of a tree; the caller frees it. */
static char *list_tree(const unsigned char *blob, size_t *size)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	int depth = 0, reserved = fdt_num_mem_rsv(blob);

	for (int i = 0; i < reserved; i++) {
		uint64_t address, size;

		fdt_get_mem_rsv(blob, i, &address, &size);
		fprintf(out, "R %llx %llx\n", (unsigned long long)address, (unsigned long long)size);
	}
	for (int node = 0; node >= 0 && depth >= 0; node = fdt_next_node(blob, node, &depth)) {
		int property, len;
		const char *name = fdt_get_name(blob, node, &len);

		fprintf(out, "N %d %d ", node, depth);
		hex(out, name, len);
		fputc('\n', out);
		fdt_for_each_property_offset(property, blob, node) {
			const char *value = fdt_getprop_by_offset(blob, property, &name, &len);

			if (!value)
				fail("fdt_getprop_by_offset", len);
			fprintf(out, "P %d ", property);
			hex(out, name, (int)strlen(name));
			fputc(' ', out);
			hex(out, value, len);
			fputc('\n', out);
		}
	}
	fclose(out);
	*size = length;
	return text;
}

static void read_tree(const unsigned char *blob)
{
	size_t length;
	char *text = list_tree(blob, &length);

	put32((uint32_t)length);
	fwrite(text, 1, length, stdout);
	free(text);
}

/* FNV-1a, 32 bits. */
static uint32_t fnv(uint32_t hash, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * 16777619u;
	return hash;
}

/* Answer for a blob on which libfdt itself reads out of bounds, as releases before 1.7 do on some reserve maps. */
#define CRASHED (-1000)

static sigjmp_buf out_of_bounds;

static void on_segv(int signal)
{
	siglongjmp(out_of_bounds, signal);
}

static void digest(const unsigned char *blob, uint32_t size)
{
	int result, next;

	signal(SIGSEGV, on_segv);
	if (sigsetjmp(out_of_bounds, 1)) {
		put32((uint32_t)CRASHED);
		put32(0);
		put32(0);
		return;
	}
	result = fdt_check_full(blob, size);
	signal(SIGSEGV, SIG_DFL);
	put32((uint32_t)result);
	if (result == 0 && fdt_next_tag(blob, 0, &next) == FDT_BEGIN_NODE && fdt_version(blob) >= 16) {
		size_t length;
		char *text = list_tree(blob, &length);

		put32(fnv(2166136261u, text, length));
		put32(fnv(1234567891u, text, length));
		free(text);
	} else {
		put32(0);
		put32(0);
	}
}

static char *string(const unsigned char **at)
{
	uint32_t length = be32(*at);
	char *copy = calloc(length + 1, 1);

	memcpy(copy, *at + 4, length);
	*at += 4 + length;
	return copy;
}

static void write_tree(const unsigned char *at, uint32_t size)
{
	const unsigned char *end = at + size;
	int room = (int)size * 4 + 4096, in_map = 1, err;
	unsigned char *blob = malloc(room);

	err = fdt_create(blob, room);
	while (!err && at < end) {
		unsigned char call = *at++;
		char *name;

		if (call != 'R' && in_map) {
			in_map = 0;
			err = fdt_finish_reservemap(blob);
			if (err)
				break;
		}
		switch (call) {
		case 'R':
			err = fdt_add_reservemap_entry(blob, be64(at), be64(at + 8));
			at += 16;
			break;
		case 'B':
			name = string(&at);
			err = fdt_begin_node(blob, name);
			free(name);
			break;
		case 'P':
			name = string(&at);
			err = fdt_property(blob, name, at + 4, (int)be32(at));
			at += 4 + be32(at);
			free(name);
			break;
		case 'E':
			err = fdt_end_node(blob);
			break;
		default:
			fail("unknown call", call);
		}
	}
	if (!err)
		err = fdt_finish(blob);
	if (err)
		fail("sequential writer", err);
	put32(fdt_totalsize(blob));
	fwrite(blob, 1, fdt_totalsize(blob), stdout);
	free(blob);
}

static void edit_tree(const unsigned char *at, uint32_t size)
{
	const unsigned char *end = at + size;
	uint32_t base_size = be32(at);
	int room = (int)size * 8 + 4096, err;
	unsigned char *base = malloc(base_size), *blob = malloc(room);

	memcpy(base, at + 4, base_size);
	at += 4 + base_size;
	err = fdt_open_into(base, blob, room);
	while (!err && at < end) {
		unsigned char call = *at++;
		char *path = string(&at), *name = string(&at);
		int node = fdt_path_offset(blob, path);

		if (call == 'S') {
			err = fdt_add_subnode(blob, node, name);
			err = err < 0 ? err : 0;
		} else {
			err = fdt_setprop(blob, node, name, at + 4, (int)be32(at));
			at += 4 + be32(at);
		}
		free(path);
		free(name);
	}
	if (!err)
		err = fdt_pack(blob);
	if (err)
		fail("editing", err);
	put32(fdt_totalsize(blob));
	fwrite(blob, 1, fdt_totalsize(blob), stdout);
	free(base);
	free(blob);
}

int main(int argc, char **argv)
{
	const char *mode = argc == 2 ? argv[1] : "";
	unsigned char *bytes;
	uint32_t size;

	while ((bytes = next(&size))) {
		if (!strcmp(mode, "check"))
			check(bytes, size);
		else if (!strcmp(mode, "read"))
			read_tree(bytes);
		else if (!strcmp(mode, "digest"))
			digest(bytes, size);
		else if (!strcmp(mode, "write"))
			write_tree(bytes, size);
		else if (!strcmp(mode, "edit"))
			edit_tree(bytes, size);
		else
			fail("usage: fdt-harness check|read|digest|write|edit", argc);
		free(bytes);
	}
	return 0;
}
