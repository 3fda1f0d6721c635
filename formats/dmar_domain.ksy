meta:
  id: dmar_domain
  title: Property values of Intel IOMMU domains
  application: Linux kernel
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  Values of the properties below `/intel-iommu` in the handover tree of the RFC series of September 2024, one
  type for each; `mem` holds records of type kho_mem. They are C variables copied as they were, in the
  kernel's byte order and on 4-byte boundaries; x86-64 is described.
doc-ref: rfc-2024 2.2; drivers/iommu/intel/serialise.c
seq:
  - id: persistent_id
    type: persistent_id
types:
  persistent_id:
    -orig-id: persistent_id
    doc: Property of a domain.
    seq:
      - id: value
        type: u8
        -orig-id: persistent_id
        doc: Persistent id of the iommufd that owns the domain; equals the node's name.
  pgd:
    -orig-id: pgd
    doc: Property of a domain.
    seq:
      - id: value
        type: u8
        -orig-id: pgd
        -unit: address
        -pointer: { to: [ss_pml5e, ss_pml4e, ss_pdpe_table, ss_pde_table], kind: array, count: 512, preserved: true }
        doc: Physical address of the top page of the second-stage table; agaw gives its level.
  agaw:
    -orig-id: agaw
    doc: Property of a domain.
    seq:
      - id: value
        type: s4
        -orig-id: agaw
        -values:
          0: width_30
          1: width_39
          2: width_48
          3: width_57
        doc: Adjusted guest address width, the number of table levels minus 2.
  bus:
    -orig-id: bus
    doc: Property of a device attached to a domain.
    seq:
      - id: value
        type: u1
        -orig-id: bus
        doc: PCI bus. The segment is not recorded.
  devfn:
    -orig-id: devfn
    doc: Property of a device attached to a domain.
    seq:
      - id: value
        type: u1
        -orig-id: devfn
        -unit: devfn
        doc: PCI device number in bits 7:3, function in bits 2:0.
