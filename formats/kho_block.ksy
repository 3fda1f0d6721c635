meta:
  id: kho_block
  title: Block lists
  application: Linux kernel
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  Lists of records of one size, in linked pages, as kho-v4 (Linux 7.2) and later use them. The records follow the
  head of each page without a gap; as many fit as (page size - 16) / record size.
doc-ref: upstream 3.2; include/linux/kho/abi/block.h
seq:
  - id: kho_block_header_ser
    type: kho_block_header_ser
types:
  kho_block_header_ser:
    -orig-id: struct kho_block_header_ser
    doc: Head of a page of records.
    seq:
      - id: next
        type: u8
        -orig-id: next
        -unit: address
        -pointer: { to: kho_block_header_ser, kind: chain, 'null': 0, preserved: true }
        doc: Physical address of the next page, 0 at the end.
      - id: count
        type: u8
        -orig-id: count
        -unit: count
        doc: Records in this page, at least 1.
