meta:
  id: page_state
  title: What a running kernel's own tables say of a page
  application: Linux kernel
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  How a kernel that took over a handover remembers which blocks it has not restored yet, and what is needed to get
  there from a dump: entries of its page tables, and the mark in struct page. The offset of page.private in struct page,
  and its size, are in VMCOREINFO.
seq:
  - id: kho_page_info
    type: kho_page_info
types:
  kho_page_info:
    -orig-id: union kho_page_info
    doc: page.private of the first page of a preserved block, from early boot until the block is restored.
    doc-ref: upstream 2.5; kernel/liveupdate/kexec_handover.c (6.18)
    seq:
      - id: order
        type: u4
        -orig-id: order
        doc: Order of the block.
      - id: magic
        type: u4
        -orig-id: magic
        enum: kho_page_magic
        doc: KHOP until the block is restored; 6.16 and 6.17 write the order alone.
  x86_page_entry:
    -orig-id: p4d_t, pud_t, pmd_t, pte_t
    doc: An entry of any level of the x86-64 page tables.
    doc-ref: arch/x86/include/asm/pgtable_types.h; Intel SDM volume 3, 5.5
    seq:
      - id: present
        type: b1
        -orig-id: _PAGE_PRESENT
        doc: The entry leads somewhere.
      - id: other_1
        type: b6
        -orig-id: '(other)'
        doc: Not interpreted.
      - id: page_size
        type: b1
        -orig-id: _PAGE_PSE
        doc: Above the last level, the entry maps a page of 2 MiB or 1 GiB.
      - id: other_8
        type: b4
        -orig-id: '(other)'
        doc: Not interpreted.
      - id: address
        type: b40
        -orig-id: PTE_PFN_MASK
        -unit: address
        doc: Physical address of the next table or of the page.
      - id: other_52
        type: b12
        -orig-id: '(other)'
        doc: Not interpreted.
  arm64_page_entry:
    -orig-id: p4d_t, pud_t, pmd_t, pte_t (arm64)
    doc: An entry of any level of the arm64 translation tables, with addresses of at most 48 bits.
    doc-ref: arch/arm64/include/asm/pgtable-hwdef.h; Arm ARM D8.3
    seq:
      - id: valid
        type: b1
        -orig-id: PTE_VALID
        doc: The entry leads somewhere.
      - id: table
        type: b1
        -orig-id: PMD_TYPE_TABLE
        doc: Above the last level, the entry leads to a table and not to a block.
      - id: other_2
        type: b10
        -orig-id: '(other)'
        doc: Not interpreted.
      - id: address
        type: b36
        -orig-id: PTE_ADDR_LOW
        -unit: address
        doc: Physical address of the next table or of the block.
      - id: other_48
        type: b16
        -orig-id: '(other)'
        doc: Not interpreted.
enums:
  kho_page_magic:
    0x4b484f50: khop
