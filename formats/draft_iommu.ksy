meta:
  id: draft_iommu
  title: IOMMU state over a live update (draft)
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  Drafts, in no release: the global state `iommu-liveupdate` of LUO in its latest form (version 1), with linked pages
  of units, domains and devices, and the record of the file handler iommufd-v1 in its later form. Layouts may change
  without notice.
doc-ref: upstream 4.5, 4.6
types:
  iommu_flb_ser:
    -orig-id: struct iommu_flb_ser
    doc: Global state.
    seq:
      - { id: version, type: u8, -orig-id: version, doc: Version of this record. }
      - id: iommus
        type: u8
        -orig-id: iommu_array_phys
        -unit: address
        -pointer: { to: iommu_array_hdr_ser, kind: chain, element: iommu_hw_ser, 'null': 0, preserved: true }
        doc: Physical address of the first page of units.
      - id: domains
        type: u8
        -orig-id: iommu_domain_array_phys
        -unit: address
        -pointer: { to: iommu_array_hdr_ser, kind: chain, element: iommu_domain_ser, 'null': 0, preserved: true }
        doc: Physical address of the first page of domains.
      - id: devices
        type: u8
        -orig-id: device_array_phys
        -unit: address
        -pointer: { to: iommu_array_hdr_ser, kind: chain, element: iommu_device_ser, 'null': 0, preserved: true }
        doc: Physical address of the first page of devices.
  iommu_array_hdr_ser:
    -orig-id: struct iommu_array_hdr_ser
    doc: Head of a page of objects.
    seq:
      - id: next
        type: u8
        -orig-id: next
        -unit: address
        -pointer: { to: iommu_array_hdr_ser, kind: chain, 'null': 0, preserved: true }
        doc: Physical address of the next page, 0 at the end.
      - { id: count, type: u8, -orig-id: nr_objects, -unit: count, doc: Objects in this page. }
  iommu_domain_ser:
    -orig-id: struct iommu_domain_ser
    doc: A domain.
    seq:
      - { id: ref_count, type: u4, -orig-id: ref_count, -unit: count, doc: Users. }
      - { id: flags, type: u4, -orig-id: flags, -unit: flags, -values: { 1: deleted, 2: incoming }, doc: State of the object. }
      - { id: top_table, type: u8, -orig-id: top_table, -unit: address, doc: Physical address of the top page table. }
      - { id: top_level, type: u8, -orig-id: top_level, doc: Level of that table. }
      - { id: vasz, type: u4, -orig-id: vasz, doc: Width of an IOVA in bits. }
      - { id: sign_extend, type: u1, -orig-id: sign_extend, doc: The highest bit is extended. }
      - { id: pad, size: 3, -orig-id: padding, doc: Not used. }
      - { id: restored, type: u8, -orig-id: restored_domain, doc: Pointer of the restoring kernel; meaningless in a dump. }
  iommu_device_ser:
    -orig-id: struct iommu_device_ser
    doc: A device.
    seq:
      - { id: ref_count, type: u4, -orig-id: ref_count, -unit: count, doc: Users. }
      - { id: flags, type: u4, -orig-id: flags, -unit: flags, -values: { 1: deleted, 2: incoming }, doc: State of the object. }
      - { id: devid, type: u4, -orig-id: devid, doc: 'Bus, device and function.' }
      - { id: pci_domain, type: u4, -orig-id: pci_domain_nr, doc: PCI segment. }
      - { id: token, type: u8, -orig-id: dma_owner_token, doc: Token of the owner. }
      - { id: attachment, type: u8, -orig-id: attachment_id, doc: Number of the attachment. }
      - { id: domain, type: u8, -orig-id: domain_phys, -unit: address, doc: Physical address of the domain object. }
      - { id: iommu, type: u8, -orig-id: iommu_phys, -unit: address, doc: Physical address of the unit object. }
      - { id: vendor, size: 24, -orig-id: intel or smmuv3, doc: 'State of the vendor driver, by the type of the unit.' }
  iommu_hw_ser:
    -orig-id: struct iommu_hw_ser
    doc: A unit.
    seq:
      - { id: ref_count, type: u4, -orig-id: ref_count, -unit: count, doc: Users. }
      - { id: flags, type: u4, -orig-id: flags, -unit: flags, -values: { 1: deleted, 2: incoming }, doc: State of the object. }
      - { id: token, type: u8, -orig-id: token, doc: 'Name of the unit; the register base address for Intel.' }
      - { id: type, type: u8, -orig-id: type, -values: { 0: invalid, 1: intel, 2: arm_smmuv3 }, doc: Kind of unit. }
      - { id: vendor, size: 88, -orig-id: intel or smmuv3, doc: State of the vendor driver. }
  iommufd_ser:
    -orig-id: struct iommufd_ser
    doc: File handler iommufd-v1, later form; the page tables follow.
    seq:
      - { id: count, type: u8, -orig-id: nr_hwpts, -unit: count, doc: Page tables that follow. }
  iommufd_hwpt_ser:
    -orig-id: struct iommufd_hwpt_ser
    doc: A page table of an iommufd.
    seq:
      - { id: domain, type: u8, -orig-id: domain_data, -unit: address, doc: Physical address of the domain object. }
      - { id: token, type: u8, -orig-id: token, doc: Name that user space gave it. }
      - { id: reclaimed, type: u1, -orig-id: reclaimed, doc: User space has it back. }
      - { id: pad, size: 7, -orig-id: padding, doc: Not used. }
