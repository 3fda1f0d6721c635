meta:
  id: vmalloc
  title: Preserved vmalloc areas
  application: Linux kernel
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  How Linux 6.18 and later hand over an area of virtually contiguous memory: a descriptor in the owner's data and
  a chain of pages that list the physical pages in virtual order. An encoder whose list fills the last page
  exactly leaves one empty page after it.
doc-ref: upstream 3.1; include/linux/kho/abi/kexec_handover.h
seq:
  - id: kho_vmalloc
    type: kho_vmalloc
types:
  kho_vmalloc:
    -orig-id: struct kho_vmalloc
    doc: Descriptor of an area.
    seq:
      - id: first
        type: u8
        -orig-id: first
        -unit: address
        -pointer: { to: kho_vmalloc_chunk, kind: chain, 'null': 0, preserved: true }
        doc: Physical address of the first list page.
      - id: total_pages
        type: u4
        -orig-id: total_pages
        -unit: pages
        doc: Base pages of the area.
      - id: flags
        type: u2
        -orig-id: flags
        -unit: flags
        -values:
          1: alloc
          2: huge_vmap
        doc: How the area is mapped.
      - id: order
        type: u2
        -orig-id: order
        doc: Each listed address covers 2^order base pages.
  kho_vmalloc_hdr:
    -orig-id: struct kho_vmalloc_hdr
    doc: Head of a list page.
    seq:
      - id: next
        type: u8
        -orig-id: next
        -unit: address
        -pointer: { to: kho_vmalloc_chunk, kind: chain, 'null': 0, preserved: true }
        doc: Physical address of the next list page, 0 at the end.
  kho_vmalloc_chunk:
    -orig-id: struct kho_vmalloc_chunk
    doc: One list page.
    params:
      - id: page_size
        type: u4
        doc: Size of a page in bytes.
    seq:
      - id: hdr
        type: kho_vmalloc_hdr
        -orig-id: hdr
        doc: Link to the next list page.
      - id: phys
        type: u8
        repeat: expr
        repeat-expr: page_size / 8 - 1
        -orig-id: phys
        -unit: address
        -pointer: { to: kho_vmalloc_data, kind: page, 'null': 0, preserved: true }
        doc: Physical addresses of the runs of pages; the first 0 ends the list.
  kho_vmalloc_data:
    -orig-id: page of a vmalloc area
    doc: One base page of the area; its contents are up to the owner.
    params:
      - id: page_size
        type: u4
        doc: Size of a page in bytes.
    seq:
      - id: data
        size: page_size
        -orig-id: data
        doc: Not interpreted here.
