meta:
  id: kho_map
  title: Preserved memory map, Linux 6.16 and later
  application: Linux kernel
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  The two forms of the map of preserved memory. kho-v1 (6.16 to 7.0): pages of pointers to bitmaps, each page for
  one order, linked. kho-v2 and later (7.1 on): a radix tree of pages whose leaves are bitmaps. The page size
  is not recorded in the data.
seq:
  - id: khoser_mem_chunk_hdr
    type: khoser_mem_chunk_hdr
types:
  khoser_mem_chunk_hdr:
    -orig-id: struct khoser_mem_chunk_hdr
    doc: Head of a page of bitmap pointers.
    doc-ref: upstream 2.3.1; kernel/kexec_handover.c (6.16)
    seq:
      - id: next
        type: u8
        -orig-id: next
        -unit: address
        -pointer: { to: khoser_mem_chunk, kind: chain, 'null': 0, preserved: false }
        doc: Physical address of the next page, 0 at the end.
      - id: order
        type: u4
        -orig-id: order
        doc: Order of every block that this page describes.
      - id: num_elms
        type: u4
        -orig-id: num_elms
        -unit: count
        doc: Bitmap pointers in use.
  khoser_mem_bitmap_ptr:
    -orig-id: struct khoser_mem_bitmap_ptr
    doc: Address of a bitmap and the memory it describes.
    doc-ref: upstream 2.3.1; kernel/kexec_handover.c (6.16)
    seq:
      - id: phys_start
        type: u8
        -orig-id: phys_start
        -unit: address
        doc: Physical address of the block of bit 0.
      - id: bitmap
        type: u8
        -orig-id: bitmap
        -unit: address
        -pointer: { to: kho_mem_phys_bits, kind: one, preserved: false }
        doc: Physical address of the bitmap.
  khoser_mem_chunk:
    -orig-id: struct khoser_mem_chunk
    doc: One page of bitmap pointers.
    doc-ref: upstream 2.3.1; kernel/kexec_handover.c (6.16)
    params:
      - id: page_size
        type: u4
        doc: Size of a page in bytes.
    seq:
      - id: hdr
        type: khoser_mem_chunk_hdr
        -orig-id: hdr
        doc: Link, order and count.
      - id: bitmaps
        type: khoser_mem_bitmap_ptr
        repeat: expr
        repeat-expr: (page_size - 16) / 16
        -orig-id: bitmaps
        doc: The pointers; the first num_elms count.
  kho_mem_phys_bits:
    -orig-id: struct kho_mem_phys_bits
    doc: Bit b says whether the block at phys_start + (b << (order + page shift)) is preserved.
    doc-ref: upstream 2.3.1; kernel/kexec_handover.c (6.16, 6.18)
    params:
      - id: bitmap_size
        type: u4
        doc: Size of a bitmap in bytes, 512 in 6.16 and 6.17, a page from 6.18 on.
    seq:
      - id: preserve
        size: bitmap_size
        -orig-id: preserve
        doc: The bits, the lowest of each byte first.
  kho_radix_node:
    -orig-id: struct kho_radix_node
    doc: Inner node of the radix tree, one page.
    doc-ref: upstream 2.4.2; include/linux/kho/abi/kexec_handover.h
    params:
      - id: page_size
        type: u4
        doc: Size of a page in bytes.
    seq:
      - id: table
        type: u8
        repeat: expr
        repeat-expr: page_size / 8
        -orig-id: table
        -unit: address
        -pointer: { to: [kho_radix_node, kho_radix_leaf], kind: one, 'null': 0, preserved: false }
        doc: Physical addresses of the pages of the next lower level, 0 where there is none.
  kho_radix_leaf:
    -orig-id: struct kho_radix_leaf
    doc: Leaf of the radix tree, one page; a set bit is a preserved block, order and address are coded in its key.
    doc-ref: upstream 2.4.2; include/linux/kho/abi/kexec_handover.h
    params:
      - id: page_size
        type: u4
        doc: Size of a page in bytes.
    seq:
      - id: bitmap
        size: page_size
        -orig-id: bitmap
        doc: The bits, the lowest of each byte first.
