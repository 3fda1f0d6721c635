meta:
  id: kho_test
  title: In-kernel test of Kexec HandOver
  application: Linux kernel
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  Values of the properties in the tree `kho_test` (kho-test-v1), in the kernel's byte order. `folios_info` is a
  descriptor of type kho_vmalloc from Linux 6.18 on; 6.17 has the array itself there.
doc-ref: upstream 3.7; lib/test_kho.c
seq:
  - id: kho_test_magic
    type: kho_test_magic
types:
  kho_test_magic:
    -orig-id: magic
    doc: Property of the root node.
    seq:
      - id: value
        type: u4
        -orig-id: magic
        -values:
          0x4b484f21: kho_test_magic
        doc: Marks the tree as written by the test.
  nr_folios:
    -orig-id: nr_folios
    doc: Property of `/data`.
    seq:
      - id: value
        type: u4
        -orig-id: nr_folios
        -unit: count
        doc: Folios that the test preserved.
  csum:
    -orig-id: csum
    doc: Property of `/data`.
    seq:
      - id: value
        type: u4
        -orig-id: csum
        doc: Internet checksum over all folios in order, not folded.
  kho_test_folio:
    -orig-id: folios_info[]
    doc: One word of the array of folios.
    seq:
      - id: value
        type: u8
        -orig-id: folios_info[i]
        -unit: address
        doc: Physical address of the folio, with its order in the bits below the page size.
