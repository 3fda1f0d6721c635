meta:
  id: iommufd
  title: Property values of persistent iommufds
  application: Linux kernel
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  Values of the properties below `/iommufd` in the handover tree of the RFC series of September 2024
  ("Support iommu(fd) persistence for live update"), one type for each. They are C variables copied as they
  were, in the kernel's byte order and on 4-byte boundaries; x86-64 is described.
doc-ref: rfc-2024 2.1; drivers/iommu/iommufd/serialise.c
seq:
  - id: pinned_file_handle
    type: pinned_file_handle
types:
  pinned_file_handle:
    -orig-id: pinned-file-handle
    doc: Property of an IOAS; written from patch 13 of the series on.
    seq:
      - id: value
        type: u8
        -orig-id: pinned-file-handle
        doc: guestmemfs inode number of the file that the last map call pinned, 0 for none.
  iova_start:
    -orig-id: iova-start
    doc: Property of an area of an IOAS.
    seq:
      - id: value
        type: u8
        -orig-id: iova-start
        -unit: iova
        doc: First IOVA of the area.
  iova_len:
    -orig-id: iova-len
    doc: Property of an area of an IOAS.
    seq:
      - id: value
        type: u8
        -orig-id: iova-len
        -unit: bytes
        doc: Length of the area; 0 means the whole range of 2^64.
  iommu_prot:
    -orig-id: iommu-prot
    doc: Property of an area of an IOAS.
    seq:
      - id: value
        type: s4
        -orig-id: iommu-prot
        -unit: flags
        -values:
          1: read
          2: write
          4: cache
          8: noexec
          16: mmio
          32: priv
        doc: What devices may do with the area. The map calls always set cache and never noexec, mmio or priv.
