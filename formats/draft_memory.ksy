meta:
  id: draft_memory
  title: 'hugetlb, guest_memfd and pstore over a live update (drafts)'
  application: Linux kernel
  license: CC0-1.0
  endian: le
  bit-endian: le
  imports:
    - vmalloc
doc: |
  Drafts, in no release: the global state `hugetlb-v1` of LUO, the records of the file handlers huge-memfd-v1 and
  guest_memfd_luo_v1, and the child `pstore-kho` of the root tree in both forms. Layouts may change without notice.
doc-ref: upstream 4.8, 4.9, 4.10
seq:
  - id: hstate_ser
    type: hstate_ser
types:
  hstate_ser:
    -orig-id: struct hugetlb_hstate_ser
    doc: Pages of one size.
    seq:
      - { id: nr_pages, type: u8, -orig-id: nr_pages, -unit: count, doc: Pages of this size. }
      - { id: order, type: u1, -orig-id: order, doc: Order of such a page. }
  hugetlb_ser:
    -orig-id: struct hugetlb_ser
    doc: Global state hugetlb-v1.
    seq:
      - { id: hstates, type: hstate_ser, repeat: expr, repeat-expr: 4, -orig-id: hstates, doc: The sizes; the first nr_hstates count. }
      - { id: nr_hstates, type: u1, -orig-id: nr_hstates, -unit: count, doc: Sizes in use. }
  huge_memfd_ser:
    -orig-id: struct hugetlb_file_ser
    doc: File handler huge-memfd-v1.
    seq:
      - { id: size, type: u8, -orig-id: size, -unit: bytes, doc: File size. }
      - { id: pos, type: u8, -orig-id: pos, -unit: bytes, doc: File position. }
      - { id: nr_folios, type: u8, -orig-id: nr_folios, -unit: count, doc: Entries in the list of folios. }
      - { id: folios, type: 'vmalloc::kho_vmalloc', -orig-id: folios, -pointer: { to: kho_vmalloc_chunk, kind: chain, element: memfd_luo_folio_ser, count: nr_folios, preserved: true }, doc: The area that holds the list of folios. }
      - { id: order, type: u1, -orig-id: order, doc: Order of the folios. }
  guest_memfd_luo_ser:
    -orig-id: struct guest_memfd_luo_ser
    doc: File handler guest_memfd_luo_v1.
    seq:
      - { id: size, type: u8, -orig-id: size, -unit: bytes, doc: File size. }
      - { id: flags, type: u8, -orig-id: flags, -unit: flags, -values: { 1: mmap, 2: init_shared }, doc: Flags of the file. }
      - { id: nr_folios, type: u8, -orig-id: nr_folios, -unit: count, doc: Entries in the list of folios. }
      - { id: vm_token, type: u8, -orig-id: vm_token, doc: Token of the virtual machine. }
      - { id: folios, type: 'vmalloc::kho_vmalloc', -orig-id: folios, -pointer: { to: kho_vmalloc_chunk, kind: chain, element: memfd_luo_folio_ser, count: nr_folios, preserved: true }, doc: The area that holds the list of folios. }
  pstore_kho_ser:
    -orig-id: struct pstore_kho_ser
    doc: Child pstore-kho; the text of the record follows.
    seq:
      - { id: version, type: u4, -orig-id: version, doc: Version of this record. }
      - { id: pad, size: 4, -orig-id: padding, doc: Not used. }
      - { id: size, type: s8, -orig-id: record.size, -unit: bytes, doc: Bytes of text. }
      - { id: time_sec, type: s8, -orig-id: record.time_sec, doc: Seconds of its time. }
      - { id: time_nsec, type: u4, -orig-id: record.time_nsec, doc: Nanoseconds of its time. }
      - { id: count, type: s4, -orig-id: record.count, -unit: count, doc: Number of the oops. }
      - { id: reason, type: u4, -orig-id: record.reason, doc: Why it was written. }
      - { id: part, type: u4, -orig-id: record.part, doc: Part of a longer text. }
      - { id: compressed, type: u4, -orig-id: record.compressed, doc: The text is compressed. }
  pstore_kho_record:
    -orig-id: struct pstore_kho_record
    doc: What the property pstore_kho_record of an older child pstore-kho leads to; the text of the record follows.
    seq:
      - { id: size, type: s8, -orig-id: size, -unit: bytes, doc: Bytes of text. }
      - { id: time_sec, type: s8, -orig-id: time.tv_sec, doc: Seconds of its time. }
      - { id: time_nsec, type: s8, -orig-id: time.tv_nsec, doc: Nanoseconds of its time. }
      - { id: count, type: s4, -orig-id: count, -unit: count, doc: Number of the oops. }
      - { id: reason, type: u4, -orig-id: reason, doc: Why it was written. }
      - { id: part, type: u4, -orig-id: part, doc: Part of a longer text. }
      - { id: compressed, type: u1, -orig-id: compressed, doc: The text is compressed. }
