meta:
  id: draft_pci
  title: PCI devices over a live update (draft)
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  Drafts, in no release: the global state `pci` of LUO, a block list of devices, and the records of the file handlers
  vfio-pci-v1 and vfio-pci-v2. Layouts may change without notice.
doc-ref: upstream 4.3, 4.4
types:
  pci_ser:
    -orig-id: struct pci_ser
    doc: Global state `pci`, version 1.
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
  vfio_pci_v1_early:
    -orig-id: struct vfio_pci_core_device_ser
    doc: vfio-pci-v1, first form.
    seq:
      - { id: bdf, type: u2, -orig-id: bdf, doc: 'Bus, device and function.' }
      - { id: domain, type: u2, -orig-id: domain, doc: PCI segment. }
      - { id: reset_works, type: u1, -orig-id: reset_works, doc: The device can be reset. }
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
      - { id: reset_works, type: u1, -orig-id: reset_works, doc: The device can be reset. }
