/* Prints what test vectors hold, one line a thing: kunit.test.ts says what it must be. */
#include <inttypes.h>
#include <stdio.h>

#include VECTORS

static uint32_t fnv(const u8 *data, u64 size)
{
	uint32_t hash = 0x811c9dc5;
	u64 i;

	for (i = 0; i < size; i++)
		hash = (hash ^ data[i]) * 0x01000193;
	return hash;
}

/* What a reader follows must lead to a record. */
static void follow(u64 phys)
{
	u64 i;

	for (i = 0; i < kho_vector.nr_records; i++)
		if (phys >= kho_vector.records[i].phys &&
		    phys - kho_vector.records[i].phys < kho_vector.records[i].size)
			return;
	printf("no record at %" PRIx64 "\n", phys);
}

static const char *text(const char *string)
{
	return string ? string : "-";
}

static void print_file(const struct kho_vector_file *file)
{
	u64 i;

	printf("file %s %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64 " %x %x\n",
	       file->compatible, file->token, file->data, file->pos,
	       file->size, file->seals, file->flags);
	for (i = 0; i < file->nr_folios; i++)
		printf("folio %" PRIx64 " %x %" PRIx64 "\n", file->folios[i].pfn,
		       file->folios[i].flags, file->folios[i].index);
	if (file->nr_folios)
		follow(file->data);
}

static void print_blocks(const char *what, const struct kho_vector_block *block, u64 nr)
{
	for (; nr > 0; nr--, block++)
		printf("%s %" PRIx64 " %u %" PRIu64 "\n", what, block->phys, block->order,
		       block->count);
}

int main(void)
{
	const struct kho_vector *v = &kho_vector;
	u64 i, j;

	printf("dump %s %" PRIu64 " %" PRIx64 " %" PRIx64 " %" PRIx64 "\n", v->abi, v->page_size,
	       v->fdt, v->fdt_size, v->preserved_memory_map);
	follow(v->fdt);
	if (v->preserved_memory_map)
		follow(v->preserved_memory_map);
	for (i = 0; i < v->nr_records; i++)
		printf("record %" PRIx64 " %" PRIx64 " %x\n", v->records[i].phys, v->records[i].size,
		       fnv(v->records[i].data, v->records[i].size));
	for (i = 0; i < v->nr_subtrees; i++) {
		printf("subtree %s %" PRIx64 " %" PRIx64 "\n", v->subtrees[i].name,
		       v->subtrees[i].phys, v->subtrees[i].size);
		follow(v->subtrees[i].phys);
	}
	for (i = 0; i < v->nr_scratch; i++)
		printf("scratch %" PRIx64 " %" PRIx64 "\n", v->scratch[i].start, v->scratch[i].end);
	print_blocks("preserved", v->preserved, v->nr_preserved);
	for (i = 0; i < v->nr_reserve_mem; i++)
		printf("region %s %" PRIx64 " %" PRIx64 "\n", v->reserve_mem[i].name,
		       v->reserve_mem[i].start, v->reserve_mem[i].size);
	printf("luo %s %" PRIx64 "\n", text(v->luo), v->liveupdate_number);
	for (i = 0; i < v->nr_sessions; i++) {
		printf("session %s %" PRIu64 "\n", v->sessions[i].name, v->sessions[i].nr_files);
		for (j = 0; j < v->sessions[i].nr_files; j++)
			print_file(&v->sessions[i].files[j]);
	}
	for (i = 0; i < v->nr_flbs; i++)
		printf("flb %s %" PRIx64 " %" PRIx64 "\n", v->flbs[i].name, v->flbs[i].data,
		       v->flbs[i].count);
	print_blocks("test folio", v->test_folios, v->nr_test_folios);
	printf("test %x\n", v->test_csum);
	printf("kexec %s %u\n", text(v->previous_release), v->kexec_count);
	return 0;
}
