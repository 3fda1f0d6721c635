meta:
  id: memfd
  title: Preserved memfds
  application: Linux kernel
  license: CC0-1.0
  endian: le
  bit-endian: le
  imports:
    - vmalloc
doc: |
  What `data` of a LUO file points to when the file's handler is memfd-v1 (Linux 6.19 and 7.0) or memfd-v2 (7.1 and
  later), and the entries of its list of folios, which is in a preserved vmalloc area.
doc-ref: upstream 3.6; include/linux/kho/abi/memfd.h
seq:
  - id: memfd_luo_ser_v1
    type: memfd_luo_ser_v1
types:
  memfd_luo_ser_v1:
    -orig-id: struct memfd_luo_ser
    doc: A memfd, memfd-v1.
    seq:
      - id: pos
        type: u8
        -orig-id: pos
        -unit: bytes
        doc: File position.
      - id: size
        type: u8
        -orig-id: size
        -unit: bytes
        doc: File size.
      - id: nr_folios
        type: u8
        -orig-id: nr_folios
        -unit: count
        doc: Entries in the list of folios; 0 for an empty file.
      - id: folios
        type: vmalloc::kho_vmalloc
        -orig-id: folios
        -pointer: { to: kho_vmalloc_chunk, kind: chain, element: memfd_luo_folio_ser, count: nr_folios, preserved: true }
        doc: The area that holds the list of folios; all zero for an empty file.
  memfd_luo_ser:
    -orig-id: struct memfd_luo_ser
    doc: A memfd, memfd-v2.
    seq:
      - id: pos
        type: u8
        -orig-id: pos
        -unit: bytes
        doc: File position.
      - id: size
        type: u8
        -orig-id: size
        -unit: bytes
        doc: File size.
      - id: seals
        type: u4
        -orig-id: seals
        -unit: flags
        -values:
          1: seal
          2: shrink
          4: grow
          8: write
          16: future_write
          32: exec
        doc: Seals of the file.
      - id: flags
        type: u4
        -orig-id: flags
        doc: Must be 0.
      - id: nr_folios
        type: u8
        -orig-id: nr_folios
        -unit: count
        doc: Entries in the list of folios; 0 for an empty file.
      - id: folios
        type: vmalloc::kho_vmalloc
        -orig-id: folios
        -pointer: { to: kho_vmalloc_chunk, kind: chain, element: memfd_luo_folio_ser, count: nr_folios, preserved: true }
        doc: The area that holds the list of folios; all zero for an empty file.
  memfd_luo_folio_ser:
    -orig-id: struct memfd_luo_folio_ser
    doc: One folio of a memfd, by ascending index.
    seq:
      - id: pfn
        type: b52
        -orig-id: pfn
        -unit: pfn
        doc: Page frame number of the folio's first page; the reader skips 0, which no kernel writes.
      - id: flags
        type: b12
        -orig-id: flags
        -unit: flags
        -values:
          1: dirty
          2: uptodate
        doc: State of the folio.
      - id: index
        type: u8
        -orig-id: index
        -unit: pages
        doc: Offset of the folio in the file.
