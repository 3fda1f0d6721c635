meta:
  id: kho_root
  title: Kexec HandOver root, Linux 6.16 and later
  application: Linux kernel
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  The entry points of a handover of Linux 6.16 and later: the payload of the x86 setup_data element, the scratch
  array, and the values of the properties of the root tree. The kernel stores them in its own byte order, which is
  little-endian on all it runs on.
seq:
  - id: kho_data
    type: kho_data
types:
  kho_data:
    -orig-id: struct kho_data
    doc: Payload of the setup_data element of type 10.
    doc-ref: upstream 2.1.1; arch/x86/include/uapi/asm/setup_data.h
    seq:
      - id: fdt_addr
        type: u8
        -orig-id: fdt_addr
        -unit: address
        -pointer: { to: fdt_header, kind: one, 'null': 0, preserved: true }
        doc: Physical address of the root tree.
      - id: fdt_size
        type: u8
        -orig-id: fdt_size
        -unit: bytes
        doc: Always one page, not the size of the tree.
      - id: scratch_addr
        type: u8
        -orig-id: scratch_addr
        -unit: address
        -pointer: { to: kho_scratch, kind: array, 'null': 0, preserved: false }
        doc: Physical address of the scratch array, which is in scratch itself.
      - id: scratch_size
        type: u8
        -orig-id: scratch_size
        -unit: bytes
        doc: Size of the scratch array, 16 for each region.
  kho_scratch:
    -orig-id: struct kho_scratch
    doc: |
      One region that the next kernel may use before it knows which memory is preserved. The first is low memory, the
      second global, then one for each NUMA node.
    doc-ref: upstream 2.1.4; include/linux/kexec_handover.h
    seq:
      - id: addr
        type: u8
        -orig-id: addr
        -unit: address
        doc: Physical address of the region.
      - id: size
        type: u8
        -orig-id: size
        -unit: bytes
        doc: Length of the region.
  preserved_memory_map:
    -orig-id: preserved-memory-map
    doc: Property of the root node; kho-v1 points to the first chunk, later versions to the root of a radix tree.
    doc-ref: upstream 2.2.1; include/linux/kho/abi/kexec_handover.h
    seq:
      - id: value
        type: u8
        -orig-id: preserved-memory-map
        -unit: address
        -pointer: { to: [khoser_mem_chunk, kho_radix_node], kind: one, 'null': 0, preserved: false }
        doc: Physical address of the map, 0 when nothing is preserved (kho-v1).
  sub_fdt:
    -orig-id: fdt
    doc: Property of a child of the root node, kho-v1.
    doc-ref: upstream 2.2.1; kernel/kexec_handover.c
    seq:
      - id: value
        type: u8
        -orig-id: fdt
        -unit: address
        -pointer: { to: fdt_header, kind: one, preserved: true }
        doc: Physical address of the child's tree.
  preserved_data:
    -orig-id: preserved-data
    doc: Property of a child of the root node, kho-v2 and later.
    doc-ref: upstream 2.2.1; include/linux/kho/abi/kexec_handover.h
    seq:
      - id: value
        type: u8
        -orig-id: preserved-data
        -unit: address
        -pointer: { to: [fdt_header, luo_ser, kho_kexec_metadata], kind: one, preserved: true }
        doc: Physical address of the child's blob, a tree or a record by the child's name.
  blob_size:
    -orig-id: blob-size
    doc: Property of a child of the root node, kho-v3 and later.
    doc-ref: upstream 2.2.1; include/linux/kho/abi/kexec_handover.h
    seq:
      - id: value
        type: u8
        -orig-id: blob-size
        -unit: bytes
        doc: Length of the child's blob.
