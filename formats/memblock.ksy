meta:
  id: memblock
  title: Preserved reserve_mem regions
  application: Linux kernel
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  Values of the properties of a region in the tree `memblock` (memblock-v1, Linux 6.16 and later), in the kernel's
  byte order. The node carries the region's name.
doc-ref: upstream 3.4; include/linux/kho/abi/memblock.h
seq:
  - id: reserve_mem_start
    type: reserve_mem_start
types:
  reserve_mem_start:
    -orig-id: start
    doc: Property of a region.
    seq:
      - id: value
        type: u8
        -orig-id: start
        -unit: address
        doc: Physical address of the region.
  reserve_mem_size:
    -orig-id: size
    doc: Property of a region.
    seq:
      - id: value
        type: u8
        -orig-id: size
        -unit: bytes
        doc: Length of the region.
