meta:
  id: draft_pci
  title: PCI devices over a live update (draft)
  application: Linux kernel
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  Drafts, in no release: the global state `pci` of LUO, a block list of devices, its earlier forms `pci-v1` to `pci-v3`,
  whose devices follow the head, and the records of the file handlers vfio-pci-v1 and vfio-pci-v2. Layouts may change without notice.
doc-ref: upstream 4.3, 4.4
seq:
  - id: pci_ser
    type: pci_ser
types:
  pci_ser:
    -orig-id: struct pci_ser
    doc: Global state `pci`, versions 1 and 2.
    seq:
      - { id: version, type: u4, -orig-id: version, doc: Version of this record. }
      - { id: nr_devices, type: u4, -orig-id: nr_devices, -unit: count, doc: Devices preserved. }
      - id: devices
        type: u8
        -orig-id: devices
        -unit: address
        -pointer: { to: kho_block_header_ser, kind: chain, element: pci_dev_ser, 'null': 0, preserved: true }
        doc: Physical address of the first block of devices.
  pci_dev_ser:
    -orig-id: struct pci_dev_ser
    doc: A device or bridge.
    seq:
      - { id: domain, type: u4, -orig-id: domain, doc: PCI segment. }
      - { id: bdf, type: u2, -orig-id: bdf, doc: 'Bus, device and function.' }
      - { id: refcount, type: u2, -orig-id: refcount, -unit: count, doc: '0 for a free entry, else preserved devices at or below.' }
  pci_ser_v1_wide:
    -orig-id: struct pci_ser
    doc: Global state pci-v1 as posted in February 2026; the devices follow, sorted.
    seq:
      - { id: max_nr_devices, type: u8, -orig-id: max_nr_devices, -unit: count, doc: Devices that there is room for. }
      - { id: nr_devices, type: u8, -orig-id: nr_devices, -unit: count, doc: Devices preserved. }
  pci_dev_ser_v1_wide:
    -orig-id: struct pci_dev_ser
    doc: A device, pci-v1 as posted in February 2026.
    seq:
      - { id: domain, type: u2, -orig-id: domain, doc: PCI segment. }
      - { id: bdf, type: u2, -orig-id: bdf, doc: 'Bus, device and function.' }
  pci_ser_v1:
    -orig-id: struct pci_ser
    doc: Global state pci-v1 of spring 2026, pci-v2 and pci-v3; the devices follow.
    seq:
      - { id: max_nr_devices, type: u4, -orig-id: max_nr_devices, -unit: count, doc: Devices that there is room for. }
      - { id: nr_devices, type: u4, -orig-id: nr_devices, -unit: count, doc: Devices preserved. }
  pci_dev_ser_v1:
    -orig-id: struct pci_dev_ser
    doc: A device, pci-v1 of spring 2026.
    seq:
      - { id: domain, type: u4, -orig-id: domain, doc: PCI segment. }
      - { id: bdf, type: u2, -orig-id: bdf, doc: 'Bus, device and function.' }
      - { id: pad, type: u2, -orig-id: padding, doc: Not used. }
  vfio_pci_v1_early:
    -orig-id: struct vfio_pci_core_device_ser
    doc: vfio-pci-v1, first form.
    seq:
      - { id: bdf, type: u2, -orig-id: bdf, doc: 'Bus, device and function.' }
      - { id: domain, type: u2, -orig-id: domain, doc: PCI segment. }
      - { id: reset_works, type: u1, -orig-id: reset_works, -values: { 0: 'no', 1: 'yes' }, doc: The device can be reset. }
  vfio_pci_v1_iommufd:
    -orig-id: struct vfio_pci_core_device_ser
    doc: 'vfio-pci-v1, first form with the token of the iommufd.'
    seq:
      - { id: bdf, type: u2, -orig-id: bdf, doc: 'Bus, device and function.' }
      - { id: domain, type: u2, -orig-id: domain, doc: PCI segment. }
      - { id: reset_works, type: u1, -orig-id: reset_works, -values: { 0: 'no', 1: 'yes' }, doc: The device can be reset. }
      - { id: token, type: u4, -orig-id: iommufd_ser.token, doc: Token of the iommufd that it is bound to. }
  vfio_pci_v1:
    -orig-id: struct vfio_pci_core_device_ser
    doc: vfio-pci-v1, second form.
    seq:
      - { id: domain, type: u4, -orig-id: domain, doc: PCI segment. }
      - { id: bdf, type: u2, -orig-id: bdf, doc: 'Bus, device and function.' }
  vfio_pci_v2:
    -orig-id: struct vfio_pci_core_device_ser
    doc: vfio-pci-v2.
    seq:
      - { id: domain, type: u4, -orig-id: domain, doc: PCI segment. }
      - { id: bdf, type: u2, -orig-id: bdf, doc: 'Bus, device and function.' }
      - { id: reset_works, type: u1, -orig-id: reset_works, -values: { 0: 'no', 1: 'yes' }, doc: The device can be reset. }
