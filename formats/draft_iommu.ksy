meta:
  id: draft_iommu
  title: IOMMU state over a live update (drafts)
  application: Linux kernel
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  Drafts, in no release: the global state of LUO that holds remapping units, domains and devices in linked pages, in its
  four forms (`iommu-v1` twice, `iommu-liveupdate-v1`, `iommu-liveupdate` with a version inside), and the record of the
  file handler iommufd-v1 in its two forms. Layouts may change without notice.
doc-ref: upstream 4.5, 4.6
seq:
  - id: iommu_array_hdr_ser
    type: iommu_array_hdr_ser
types:
  iommu_array_hdr_ser:
    -orig-id: struct iommu_array_hdr_ser
    doc: Head of a page of objects, in all forms.
    seq:
      - { id: next, type: u8, -orig-id: next_array_phys, -unit: address, -pointer: { to: iommu_array_hdr_ser, kind: chain, 'null': 0, preserved: true }, doc: 'Physical address of the next page, 0 at the end.' }
      - { id: count, type: u8, -orig-id: nr_objects, -unit: count, doc: Objects in this page. }
  iommu_flb_ser:
    -orig-id: struct iommu_flb_ser
    doc: Global state iommu-liveupdate, version 1.
    seq:
      - { id: version, type: u8, -orig-id: version, doc: Version of this record. }
      - { id: iommus, type: u8, -orig-id: iommu_array_phys, -unit: address, -pointer: { to: iommu_array_hdr_ser, kind: chain, element: iommu_hw_ser, 'null': 0, preserved: true }, doc: Physical address of the first page of units. }
      - { id: domains, type: u8, -orig-id: iommu_domain_array_phys, -unit: address, -pointer: { to: iommu_array_hdr_ser, kind: chain, element: iommu_domain_ser, 'null': 0, preserved: true }, doc: Physical address of the first page of domains. }
      - { id: devices, type: u8, -orig-id: device_array_phys, -unit: address, -pointer: { to: iommu_array_hdr_ser, kind: chain, element: iommu_device_ser, 'null': 0, preserved: true }, doc: Physical address of the first page of devices. }
  iommu_domain_ser:
    -orig-id: struct iommu_domain_ser
    doc: A domain, iommu-liveupdate.
    seq:
      - { id: ref_count, type: u4, -orig-id: hdr.ref_count, -unit: count, doc: Users. }
      - { id: flags, type: u4, -orig-id: hdr.flags, -unit: flags, -values: { 1: deleted, 2: incoming }, doc: State of the object. }
      - { id: top_table, type: u8, -orig-id: top_table_phys, -unit: address, doc: Physical address of the top page table. }
      - { id: top_level, type: u8, -orig-id: top_level, doc: 'Level of that table, counted from 0.' }
      - { id: vasz, type: u4, -orig-id: vasz, doc: Width of an IOVA in bits. }
      - { id: sign_extend, type: u1, -orig-id: sign_extend, -values: { 0: 'no', 1: 'yes' }, doc: IOVAs are sign-extended from their highest bit. }
      - { id: pad, size: 3, -orig-id: padding, doc: Not used. }
      - { id: restored_domain, type: u8, -orig-id: restored_domain, doc: Pointer of the restoring kernel; meaningless in a dump. }
  iommu_device_ser:
    -orig-id: struct iommu_device_ser
    doc: A device, iommu-liveupdate.
    seq:
      - { id: ref_count, type: u4, -orig-id: hdr.ref_count, -unit: count, doc: Users. }
      - { id: flags, type: u4, -orig-id: hdr.flags, -unit: flags, -values: { 1: deleted, 2: incoming }, doc: State of the object. }
      - { id: devid, type: u4, -orig-id: devid, doc: 'Bus, device and function.' }
      - { id: pci_domain_nr, type: u4, -orig-id: pci_domain_nr, doc: PCI segment. }
      - { id: dma_owner_token, type: u8, -orig-id: dma_owner_token, doc: Token of the file that owns its DMA. }
      - { id: attachment_id, type: u8, -orig-id: domain_iommu_ser.attachment_id, doc: Number of the attachment; the domain id of VT-d. }
      - { id: domain, type: u8, -orig-id: domain_iommu_ser.domain_phys, -unit: address, -pointer: { to: iommu_domain_ser, kind: one, 'null': 0, preserved: true }, doc: Physical address of the domain object. }
      - { id: iommu, type: u8, -orig-id: domain_iommu_ser.iommu_phys, -unit: address, -pointer: { to: iommu_hw_ser, kind: one, 'null': 0, preserved: true }, doc: Physical address of the unit object. }
      - { id: vendor, size: 24, -orig-id: intel or smmuv3, doc: 'State of the vendor driver, by the type of the unit.' }
  iommu_device_intel_ser:
    -orig-id: struct iommu_device_intel_ser
    doc: Intel part of a device, iommu-liveupdate.
    seq:
      - { id: restored, type: u1, -orig-id: restored, doc: The restoring kernel has taken it over; 0 in a dump. }
      - { id: pad, size: 7, -orig-id: padding, doc: Not used. }
      - { id: pasid_table, type: u8, -orig-id: pasid_table, -unit: address, doc: 'Physical address of the PASID directory, 0 in legacy mode.' }
      - { id: max_pasid, type: u8, -orig-id: max_pasid, -unit: count, doc: PASIDs that the directory has room for. }
  iommu_device_smmuv3_ser:
    -orig-id: struct iommu_device_smmuv3_ser
    doc: SMMUv3 part of a device.
    seq:
      - { id: l1_cdtab, type: u8, -orig-id: l1_cdtab, doc: State of the first-level table of context descriptors. }
      - { id: num_l2, type: u4, -orig-id: num_l2, -unit: count, doc: Second-level tables. }
      - { id: pad, size: 4, -orig-id: padding, doc: Not used. }
      - { id: l2_states, type: u8, -orig-id: l2_states, -unit: address, doc: Physical address of the states of the second-level tables. }
  iommu_hw_ser:
    -orig-id: struct iommu_hw_ser
    doc: A unit, iommu-liveupdate and iommu-liveupdate-v1.
    seq:
      - { id: ref_count, type: u4, -orig-id: hdr.ref_count, -unit: count, doc: Users. }
      - { id: flags, type: u4, -orig-id: hdr.flags, -unit: flags, -values: { 1: deleted, 2: incoming }, doc: State of the object. }
      - { id: token, type: u8, -orig-id: token, doc: Name of the unit; the register base address for Intel. }
      - { id: type_, type: u8, -orig-id: type, -values: { 0: invalid, 1: intel, 2: arm_smmuv3 }, doc: Kind of unit. }
      - { id: vendor, size: 88, -orig-id: intel or smmuv3, doc: State of the vendor driver. }
  iommu_intel_ser:
    -orig-id: struct iommu_intel_ser
    doc: Intel part of a unit.
    seq:
      - { id: restored, type: u1, -orig-id: restored, doc: The restoring kernel has taken it over; 0 in a dump. }
      - { id: pad, size: 7, -orig-id: padding, doc: Not used. }
      - { id: reg_base, type: u8, -orig-id: phys_addr, -unit: address, doc: Physical address of the registers. }
      - { id: root_table, type: u8, -orig-id: root_table, -unit: address, doc: Physical address of the root table. }
      - { id: context_tables, type: u8, repeat: expr, repeat-expr: 8, -orig-id: context_tables_bitmap, doc: 'Context tables that exist: bit bus * 2, and one more for devfn 0x80 and up.' }
  iommu_smmuv3_ser:
    -orig-id: struct iommu_smmuv3_ser
    doc: SMMUv3 part of a unit.
    seq:
      - { id: reg_base, type: u8, -orig-id: phys_addr, -unit: address, doc: Physical address of the registers. }
      - { id: strtab_base_cfg, type: u8, -orig-id: strtab_base_cfg, doc: Value of STRTAB_BASE_CFG. }
      - { id: l1_state, type: u8, -orig-id: l1_state, -unit: address, doc: Physical address of the state of the first-level stream table. }
      - { id: l2_states, type: u8, -orig-id: l2_states, -unit: address, doc: Physical address of the states of the second-level stream tables. }
  iommu_flb_ser_v1:
    -orig-id: struct iommu_flb_ser
    doc: Global state iommu-liveupdate-v1.
    seq:
      - { id: iommus, type: u8, -orig-id: iommu_array_phys, -unit: address, -pointer: { to: iommu_array_hdr_ser, kind: chain, element: iommu_hw_ser, 'null': 0, preserved: true }, doc: Physical address of the first page of units. }
      - { id: domains, type: u8, -orig-id: iommu_domain_array_phys, -unit: address, -pointer: { to: iommu_array_hdr_ser, kind: chain, element: iommu_domain_ser_v1, 'null': 0, preserved: true }, doc: Physical address of the first page of domains. }
      - { id: devices, type: u8, -orig-id: device_array_phys, -unit: address, -pointer: { to: iommu_array_hdr_ser, kind: chain, element: iommu_device_ser_v1, 'null': 0, preserved: true }, doc: Physical address of the first page of devices. }
  iommu_domain_ser_v1:
    -orig-id: struct iommu_domain_ser
    doc: A domain, iommu-liveupdate-v1.
    seq:
      - { id: ref_count, type: u4, -orig-id: hdr.ref_count, -unit: count, doc: Users. }
      - { id: flags, type: u4, -orig-id: hdr.flags, -unit: flags, -values: { 1: deleted, 2: incoming }, doc: State of the object. }
      - { id: top_table, type: u8, -orig-id: top_table_phys, -unit: address, doc: Physical address of the top page table. }
      - { id: top_level, type: u8, -orig-id: top_level, doc: 'Level of that table, counted from 0.' }
      - { id: vasz, type: u4, -orig-id: vasz, doc: Width of an IOVA in bits. }
      - { id: sign_extend, type: b1, -orig-id: sign_extend, -values: { 0: 'no', 1: 'yes' }, doc: IOVAs are sign-extended from their highest bit. }
      - { id: pad, type: b7, -orig-id: padding, doc: Not used. }
      - { id: restored_domain, type: u8, -orig-id: restored_domain, doc: Pointer of the restoring kernel; meaningless in a dump. }
  iommu_device_ser_v1:
    -orig-id: struct iommu_device_ser
    doc: A device, iommu-liveupdate-v1.
    seq:
      - { id: ref_count, type: u4, -orig-id: hdr.ref_count, -unit: count, doc: Users. }
      - { id: flags, type: u4, -orig-id: hdr.flags, -unit: flags, -values: { 1: deleted, 2: incoming }, doc: State of the object. }
      - { id: devid, type: u4, -orig-id: devid, doc: 'Bus, device and function.' }
      - { id: pci_domain_nr, type: u4, -orig-id: pci_domain_nr, doc: PCI segment. }
      - { id: attachment_id, type: u8, -orig-id: domain_iommu_ser.attachment_id, doc: Number of the attachment; the domain id of VT-d. }
      - { id: domain, type: u8, -orig-id: domain_iommu_ser.domain_phys, -unit: address, -pointer: { to: iommu_domain_ser_v1, kind: one, 'null': 0, preserved: true }, doc: Physical address of the domain object. }
      - { id: iommu, type: u8, -orig-id: domain_iommu_ser.iommu_phys, -unit: address, -pointer: { to: iommu_hw_ser, kind: one, 'null': 0, preserved: true }, doc: Physical address of the unit object. }
      - { id: vendor, size: 16, -orig-id: intel, doc: 'State of the vendor driver, by the type of the unit.' }
  iommu_device_intel_ser_v1:
    -orig-id: struct iommu_device_intel_ser
    doc: Intel part of a device, iommu-liveupdate-v1.
    seq:
      - { id: pasid_table, type: u8, -orig-id: pasid_table, -unit: address, doc: 'Physical address of the PASID directory, 0 in legacy mode.' }
      - { id: max_pasid, type: u8, -orig-id: max_pasid, -unit: count, doc: PASIDs that the directory has room for. }
  iommu_flb_ser_list:
    -orig-id: struct iommu_lu_flb_ser
    doc: Global state iommu-v1 as posted in February 2026.
    seq:
      - { id: iommus, type: u8, -orig-id: iommus_phys, -unit: address, -pointer: { to: iommu_array_hdr_ser, kind: chain, element: iommu_hw_ser_list, 'null': 0, preserved: true }, doc: Physical address of the first page of units. }
      - { id: nr_iommus, type: u8, -orig-id: nr_iommus, -unit: count, doc: Units. }
      - { id: domains, type: u8, -orig-id: iommu_domains_phys, -unit: address, -pointer: { to: iommu_array_hdr_ser, kind: chain, element: iommu_domain_ser_list, 'null': 0, preserved: true }, doc: Physical address of the first page of domains. }
      - { id: nr_domains, type: u8, -orig-id: nr_domains, -unit: count, doc: Domains. }
      - { id: devices, type: u8, -orig-id: devices_phys, -unit: address, -pointer: { to: iommu_array_hdr_ser, kind: chain, element: iommu_device_ser_list, 'null': 0, preserved: true }, doc: Physical address of the first page of devices. }
      - { id: nr_devices, type: u8, -orig-id: nr_devices, -unit: count, doc: Devices. }
  iommu_domain_ser_list:
    -orig-id: struct iommu_domain_ser
    doc: A domain, iommu-v1 as posted in February 2026.
    seq:
      - { id: idx, type: u4, -orig-id: obj.idx, -unit: index, doc: Position among the objects of its kind. }
      - { id: ref_count, type: u4, -orig-id: obj.ref_count, -unit: count, doc: Users. }
      - { id: flags, type: u1, -orig-id: obj.deleted and obj.incoming, -unit: flags, -values: { 1: deleted, 2: incoming }, doc: State of the object. }
      - { id: top_table, type: u8, -orig-id: top_table, -unit: address, doc: Physical address of the top page table. }
      - { id: top_level, type: u8, -orig-id: top_level, doc: 'Level of that table, counted from 0.' }
      - { id: restored_domain, type: u8, -orig-id: restored_domain, doc: Pointer of the restoring kernel; meaningless in a dump. }
  iommu_device_ser_list:
    -orig-id: struct device_ser
    doc: A device, iommu-v1 as posted in February 2026.
    seq:
      - { id: idx, type: u4, -orig-id: obj.idx, -unit: index, doc: Position among the objects of its kind. }
      - { id: ref_count, type: u4, -orig-id: obj.ref_count, -unit: count, doc: Users. }
      - { id: flags, type: u1, -orig-id: obj.deleted and obj.incoming, -unit: flags, -values: { 1: deleted, 2: incoming }, doc: State of the object. }
      - { id: token, type: u8, -orig-id: token, doc: Name of the device. }
      - { id: devid, type: u4, -orig-id: devid, doc: 'Bus, device and function.' }
      - { id: pci_domain, type: u4, -orig-id: pci_domain, doc: PCI segment. }
      - { id: attachment_id, type: u4, -orig-id: domain_iommu_ser.did, doc: Domain id of VT-d. }
      - { id: domain, type: u8, -orig-id: domain_iommu_ser.domain_phys, -unit: address, -pointer: { to: iommu_domain_ser_list, kind: one, 'null': 0, preserved: true }, doc: Physical address of the domain object. }
      - { id: iommu, type: u8, -orig-id: domain_iommu_ser.iommu_phys, -unit: address, -pointer: { to: iommu_hw_ser_list, kind: one, 'null': 0, preserved: true }, doc: Physical address of the unit object. }
      - { id: type_, type: s4, -orig-id: type, -values: { 0: invalid, 1: intel }, doc: Kind of the unit. }
  iommu_hw_ser_list:
    -orig-id: struct iommu_ser
    doc: A unit, iommu-v1 as posted in February 2026.
    seq:
      - { id: idx, type: u4, -orig-id: obj.idx, -unit: index, doc: Position among the objects of its kind. }
      - { id: ref_count, type: u4, -orig-id: obj.ref_count, -unit: count, doc: Users. }
      - { id: flags, type: u1, -orig-id: obj.deleted and obj.incoming, -unit: flags, -values: { 1: deleted, 2: incoming }, doc: State of the object. }
      - { id: token, type: u8, -orig-id: token, doc: Name of the unit; the register base address for Intel. }
      - { id: type_, type: s4, -orig-id: type, -values: { 0: invalid, 1: intel }, doc: Kind of unit. }
      - { id: vendor, size: 16, -orig-id: intel, doc: State of the vendor driver. }
  iommu_flb_ser_early:
    -orig-id: struct iommu_lu_flb_ser
    doc: Global state iommu-v1 of the early branch.
    seq:
      - { id: iommus, type: u8, -orig-id: iommus_phys, -unit: address, -pointer: { to: iommu_array_hdr_ser, kind: chain, element: iommu_hw_ser_early, 'null': 0, preserved: true }, doc: Physical address of the first page of units. }
      - { id: nr_iommus, type: u8, -orig-id: nr_iommus, -unit: count, doc: Units. }
      - { id: domains, type: u8, -orig-id: iommu_domains_phys, -unit: address, -pointer: { to: iommu_array_hdr_ser, kind: chain, element: iommu_domain_ser_early, 'null': 0, preserved: true }, doc: Physical address of the first page of domains. }
      - { id: nr_domains, type: u8, -orig-id: nr_domains, -unit: count, doc: Domains. }
      - { id: devices, type: u8, -orig-id: devices_phys, -unit: address, -pointer: { to: iommu_array_hdr_ser, kind: chain, element: iommu_device_ser_early, 'null': 0, preserved: true }, doc: Physical address of the first page of devices. }
      - { id: nr_devices, type: u8, -orig-id: nr_devices, -unit: count, doc: Devices. }
  iommu_domain_ser_early:
    -orig-id: struct iommu_domain_ser
    doc: A domain, iommu-v1 of the early branch.
    seq:
      - { id: idx, type: u4, -orig-id: obj.idx, -unit: index, doc: Position among the objects of its kind. }
      - { id: ref_count, type: u4, -orig-id: obj.ref_count, -unit: count, doc: Users. }
      - { id: flags, type: u1, -orig-id: obj.deleted and obj.incoming, -unit: flags, -values: { 1: deleted, 2: incoming }, doc: State of the object. }
      - { id: top_table, type: u8, -orig-id: top_table, -unit: address, doc: Physical address of the top page table. }
      - { id: top_level, type: u8, -orig-id: top_level, doc: 'Level of that table, counted from 0.' }
      - { id: attach_count, type: u8, -orig-id: attach_count, -unit: count, doc: Devices that are attached. }
      - { id: restored_domain, type: u8, -orig-id: restored_domain, doc: Pointer of the restoring kernel; meaningless in a dump. }
  iommu_device_ser_early:
    -orig-id: struct device_ser
    doc: A device, iommu-v1 of the early branch.
    seq:
      - { id: idx, type: u4, -orig-id: obj.idx, -unit: index, doc: Position among the objects of its kind. }
      - { id: ref_count, type: u4, -orig-id: obj.ref_count, -unit: count, doc: Users. }
      - { id: flags, type: u1, -orig-id: obj.deleted and obj.incoming, -unit: flags, -values: { 1: deleted, 2: incoming }, doc: State of the object. }
      - { id: token, type: u8, -orig-id: token, doc: Name of the device. }
      - { id: devid, type: u4, -orig-id: devid, doc: 'Bus, device and function.' }
      - { id: pci_domain, type: u4, -orig-id: pci_domain, doc: PCI segment. }
      - { id: attachment_id, type: u4, -orig-id: domain_iommu_ser.did, doc: Domain id of VT-d. }
      - { id: pad, size: 4, -orig-id: domain_iommu_ser.padding, doc: Not used. }
      - { id: domain, type: u8, -orig-id: domain_iommu_ser.domain_phys, -unit: address, -pointer: { to: iommu_domain_ser_early, kind: one, 'null': 0, preserved: true }, doc: Physical address of the domain object. }
      - { id: iommu, type: u8, -orig-id: domain_iommu_ser.iommu_phys, -unit: address, -pointer: { to: iommu_hw_ser_early, kind: one, 'null': 0, preserved: true }, doc: Physical address of the unit object. }
      - { id: type_, type: s4, -orig-id: type, -values: { 0: invalid, 1: intel }, doc: Kind of the unit. }
  iommu_hw_ser_early:
    -orig-id: struct iommu_ser
    doc: A unit, iommu-v1 of the early branch.
    seq:
      - { id: idx, type: u4, -orig-id: obj.idx, -unit: index, doc: Position among the objects of its kind. }
      - { id: ref_count, type: u4, -orig-id: obj.ref_count, -unit: count, doc: Users. }
      - { id: flags, type: u1, -orig-id: obj.deleted and obj.incoming, -unit: flags, -values: { 1: deleted, 2: incoming }, doc: State of the object. }
      - { id: pad, size: 7, -orig-id: padding, doc: Not used. }
      - { id: token, type: u8, -orig-id: token, doc: Name of the unit; the register base address for Intel. }
      - { id: type_, type: s4, -orig-id: type, -values: { 0: invalid, 1: intel }, doc: Kind of unit. }
      - { id: vendor, size: 16, -orig-id: intel, doc: State of the vendor driver. }
      - { id: tail, size: 4, -orig-id: padding, doc: Not used. }
  iommu_intel_ser_early:
    -orig-id: struct iommu_intel_ser
    doc: Intel part of a unit, iommu-v1.
    seq:
      - { id: reg_base, type: u8, -orig-id: phys_addr, -unit: address, doc: Physical address of the registers. }
      - { id: root_table, type: u8, -orig-id: root_table, -unit: address, doc: Physical address of the root table. }
  iommufd_ser:
    -orig-id: struct iommufd_ser
    doc: File handler iommufd-v1, later form; the page tables follow.
    seq:
      - { id: count, type: u8, -orig-id: nr_hwpts, -unit: count, doc: Page tables that follow. }
  iommufd_hwpt_ser:
    -orig-id: struct iommufd_hwpt_ser
    doc: A page table of an iommufd, later form.
    seq:
      - { id: domain, type: u8, -orig-id: domain_data, -unit: address, -pointer: { to: iommu_domain_ser, kind: one, 'null': 0, preserved: true }, doc: Physical address of the domain object. }
      - { id: token, type: u8, -orig-id: token, doc: Name that user space gave it. }
      - { id: reclaimed, type: u1, -orig-id: reclaimed, -values: { 0: 'no', 1: 'yes' }, doc: User space has it back. }
      - { id: pad, size: 7, -orig-id: padding, doc: Not used. }
  iommufd_ser_list:
    -orig-id: struct iommufd_lu
    doc: File handler iommufd-v1 as posted in February 2026; the page tables follow.
    seq:
      - { id: count, type: u4, -orig-id: nr_hwpts, -unit: count, doc: Page tables that follow. }
  iommufd_hwpt_ser_list:
    -orig-id: struct iommufd_hwpt_lu
    doc: A page table of an iommufd as posted in February 2026.
    seq:
      - { id: token, type: u4, -orig-id: token, doc: Name that user space gave it. }
      - { id: domain, type: u8, -orig-id: domain_data, -unit: address, -pointer: { to: iommu_domain_ser_list, kind: one, 'null': 0, preserved: true }, doc: Physical address of the domain object. }
      - { id: reclaimed, type: u1, -orig-id: reclaimed, -values: { 0: 'no', 1: 'yes' }, doc: User space has it back. }
