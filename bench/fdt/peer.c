/*
 * Times libfdt on a blob: `fdt-peer check|walk|write FILE` prints the fastest of several runs in seconds.
 * check: fdt_check_full. walk: every node and property with its name. write: the blob again by the sequential writer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <libfdt.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static unsigned long walk(const void *blob)
{
	unsigned long sum = 0;

	for (int node = 0; node >= 0; node = fdt_next_node(blob, node, NULL)) {
		int property, len;
		const char *name = fdt_get_name(blob, node, &len);

		sum += name ? (unsigned long)len : 0;
		fdt_for_each_property_offset(property, blob, node)
			sum += fdt_getprop_by_offset(blob, property, &name, &len) ? (unsigned long)len : 0;
	}
	return sum;
}

static int write_again(const void *blob, void *out, int room)
{
	int offset = 0, next = 0, len;
	const char *name, *value;

	fdt_create(out, room);
	fdt_finish_reservemap(out);
	for (;; offset = next) {
		switch (fdt_next_tag(blob, offset, &next)) {
		case FDT_BEGIN_NODE:
			fdt_begin_node(out, fdt_get_name(blob, offset, NULL));
			break;
		case FDT_END_NODE:
			fdt_end_node(out);
			break;
		case FDT_PROP:
			value = fdt_getprop_by_offset(blob, offset, &name, &len);
			fdt_property(out, name, value, len);
			break;
		case FDT_END:
			return fdt_finish(out);
		}
	}
}

int main(int argc, char **argv)
{
	FILE *file = argc == 3 ? fopen(argv[2], "rb") : NULL;
	double best = 1e9, begin = now();
	unsigned long sink = 0;
	char *blob, *out;
	long size;

	if (!file)
		return 2;
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	blob = malloc(size);
	out = malloc(size * 2 + 4096);
	if (fread(blob, 1, size, file) != (size_t)size)
		return 2;
	for (int i = 0; i < 3 || now() - begin < 1; i++) {
		double start = now(), taken;

		if (!strcmp(argv[1], "check"))
			sink += (unsigned long)fdt_check_full(blob, size);
		else if (!strcmp(argv[1], "walk"))
			sink += walk(blob);
		else
			sink += (unsigned long)write_again(blob, out, (int)(size * 2 + 4096));
		taken = now() - start;
		if (taken < best)
			best = taken;
		if (best > 1)
			break;
	}
	printf("%.9f %lu\n", best, sink);
	return 0;
}
