/** What a host shows in files: debugfs, the boot protocol, the IOMMU's registers, and the kernel's configuration. */
import { gunzipSync } from 'node:zlib';
import { parseFdt } from '../../fdt/parse.js';
import { findNode, findProperty, propertyValue, rootNode } from '../../fdt/tree.js';
import { looksLikeLuo } from '../load-debugfs.js';
import { type HostFiles, isRefusal, type Refusal } from './host-files.js';

/** A file of the capture. */
export interface CapturedFile {
  /** In the folder that is written, with slashes. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Where it is on the host; for what was read from memory, where there. */
  readonly from: string;
}

/** What was read, and what could not be. */
export interface Sources {
  readonly files: CapturedFile[];
  readonly refused: Refusal[];
}

const DEBUGFS = '/sys/kernel/debug';
/** In this order: the first that is there is the host's. The last is the 2024 series'. */
const KHO_FOLDERS = [`${DEBUGFS}/kho`, '/sys/kernel/kho'] as const;
const BOOT_PARAMS = '/sys/kernel/boot_params';
const INTEL = `${DEBUGFS}/iommu/intel`;
const REGISTER_FILES = ['address', 'cap', 'ecap', 'version'] as const;
const CHOSEN = '/proc/device-tree/chosen';
const FIRMWARE_FDT = '/sys/firmware/fdt';
const CHOSEN_PROPERTIES = ['linux,kho-fdt', 'linux,kho-scratch', 'linux,kho-dt', 'linux,kho-mem'] as const;
const CELLS = ['#address-cells', '#size-cells'] as const;
/** setup_data.type of a handover; others are seeds, ROMs, certificates. */
const KHO_TYPE = 10;

/** Reads all of it. Nothing that is missing is an error here. */
export function readSources(host: HostFiles): Sources {
  const sources: Sources = { files: [], refused: [] };
  readDebugfs(host, sources);
  readBootParams(host, sources);
  readChosenProperties(host, sources);
  readRegisters(host, sources);
  return sources;
}

function take(host: HostFiles, sources: Sources, from: string, path: string): Uint8Array | undefined {
  const bytes = host.read(from);
  if (isRefusal(bytes)) {
    sources.refused.push(bytes);
    return undefined;
  }
  sources.files.push({ path, bytes, from });
  return bytes;
}

/** Like {@link take}, for what most hosts do not have. */
function takeIfThere(host: HostFiles, sources: Sources, from: string, path: string): Uint8Array | undefined {
  const bytes = host.read(from);
  if (isRefusal(bytes) && bytes.code === 'ENOENT') return undefined;
  return take(host, sources, from, path);
}

function readDebugfs(host: HostFiles, sources: Sources): void {
  const refused: Refusal[] = [];
  for (const folder of KHO_FOLDERS) {
    const entries = host.list(folder);
    if (isRefusal(entries)) {
      refused.push(entries);
      continue;
    }
    // The 2024 series has one direction, with its files in the folder itself.
    const flat = entries.some(({ name, kind }) => kind === 'file' && (name === 'dt' || name === 'fdt'));
    if (flat) readSide(host, sources, folder, 'out');
    for (const side of ['in', 'out'] as const) {
      if (!flat && entries.some(({ name }) => name === side))
        readSide(host, sources, `${folder}/${side}`, side);
    }
    return;
  }
  sources.refused.push(...refused.slice(0, 1));
}

function readSide(host: HostFiles, sources: Sources, folder: string, side: 'in' | 'out'): void {
  const entries = host.list(folder);
  if (isRefusal(entries)) {
    sources.refused.push(entries);
    return;
  }
  for (const { name, kind } of entries) {
    if (kind === 'file') take(host, sources, `${folder}/${name}`, `${side}/${name}`);
    else if (name === 'sub_fdts') {
      const blobs = host.list(`${folder}/${name}`);
      if (isRefusal(blobs)) sources.refused.push(blobs);
      else for (const blob of blobs) readRider(host, sources, `${folder}/${name}/${blob.name}`, side);
    }
  }
}

/**
 * A rider's blob. From 7.2 on debugfs still shows the memory of the incoming LUO blob after the kernel has freed it
 * (kernel/liveupdate/luo_core.c luo_early_startup): it may be anyone's by then.
 */
function readRider(host: HostFiles, sources: Sources, from: string, side: 'in' | 'out'): void {
  const name = from.slice(from.lastIndexOf('/') + 1);
  const bytes = host.read(from);
  if (isRefusal(bytes)) sources.refused.push(bytes);
  else if (side === 'in' && name === 'LUO' && bytes.length > 0 && !looksLikeLuo(bytes))
    sources.refused.push({
      path: from,
      code: 'FREED',
      why: 'shows memory that the kernel has freed and reused',
    });
  else sources.files.push({ path: `${side}/sub_fdts/${name}`, bytes, from });
}

/** boot_params, the types of its list, and the payload of a handover: what other elements carry is private. */
function readBootParams(host: HostFiles, sources: Sources): void {
  if (takeIfThere(host, sources, `${BOOT_PARAMS}/data`, 'boot_params/data') === undefined) return;
  takeIfThere(host, sources, `${BOOT_PARAMS}/version`, 'boot_params/version');
  const elements = host.list(`${BOOT_PARAMS}/setup_data`);
  if (isRefusal(elements)) {
    if (elements.code !== 'ENOENT') sources.refused.push(elements);
    return;
  }
  for (const { name } of elements) {
    const from = `${BOOT_PARAMS}/setup_data/${name}`;
    const to = `boot_params/setup_data/${name}`;
    const type = take(host, sources, `${from}/type`, `${to}/type`);
    if (type !== undefined && Number(textOf(type)) === KHO_TYPE)
      take(host, sources, `${from}/data`, `${to}/data`);
  }
}

/** The properties by which a device tree names a handover, and how wide their cells are; nothing else of /chosen. */
function readChosenProperties(host: HostFiles, sources: Sources): void {
  const found = CHOSEN_PROPERTIES.filter(
    (name) => takeIfThere(host, sources, `${CHOSEN}/${name}`, `chosen/${name}`) !== undefined,
  );
  if (found.length > 0) {
    for (const name of CELLS) takeIfThere(host, sources, `/proc/device-tree/${name}`, `chosen/${name}`);
    return;
  }
  const blob = host.read(FIRMWARE_FDT);
  if (isRefusal(blob)) return;
  const tree = parseFdt(blob);
  const chosen = findNode(tree, '/chosen');
  if (chosen < 0 || CHOSEN_PROPERTIES.every((name) => findProperty(tree, chosen, name) < 0)) return;
  for (const [node, names] of [
    [chosen, CHOSEN_PROPERTIES],
    [rootNode(tree), CELLS],
  ] as const) {
    for (const name of names) {
      const property = findProperty(tree, node, name);
      if (property < 0) continue;
      const bytes = propertyValue(tree, property);
      if (bytes === undefined) continue;
      sources.files.push({ path: `chosen/${name}`, bytes, from: FIRMWARE_FDT });
    }
  }
}

/** Registers: debugfs has all of them, sysfs the capabilities of each unit. */
function readRegisters(host: HostFiles, sources: Sources): void {
  takeIfThere(host, sources, `${INTEL}/iommu_regset`, 'vtd/iommu_regset');
  const units = host.list('/sys/class/iommu');
  if (isRefusal(units)) return;
  for (const { name } of units) {
    if (!name.startsWith('dmar')) continue;
    for (const file of REGISTER_FILES)
      takeIfThere(host, sources, `/sys/class/iommu/${name}/intel-iommu/${file}`, `vtd/${name}/${file}`);
  }
}

/** What the running kernel says of itself. */
export interface KernelFacts {
  readonly release?: string;
  /** Lines of its configuration that a handover depends on. */
  readonly config: readonly string[];
  readonly configFrom?: string;
  /** none, integrity or confidentiality. */
  readonly lockdown?: string;
}

const CONFIG =
  /^(?:# )?CONFIG_(?:KEXEC|LIVEUPDATE|KHO|PROC_KCORE|DEVMEM|STRICT_DEVMEM|IO_STRICT_DEVMEM|SECURITY_LOCKDOWN|LOCK_DOWN|DEBUG_FS|CRASH_DUMP|VMCORE_INFO|INTEL_IOMMU|IOMMUFD|IOMMU_DEBUGFS|MEMFD_CREATE|KALLSYMS|RANDOMIZE_BASE|TEST_KEXEC_HANDOVER)(?:_[A-Z0-9_]+)?(?:=| is not set)/;

export function kernelFacts(host: HostFiles): KernelFacts {
  const release = textFile(host, '/proc/sys/kernel/osrelease')?.trim();
  const lockdown = /\[(\w+)\]/.exec(textFile(host, '/sys/kernel/security/lockdown') ?? '')?.[1];
  const places = [
    '/proc/config.gz',
    ...(release === undefined || release.includes('/')
      ? []
      : [`/boot/config-${release}`, `/lib/modules/${release}/config`]),
  ];
  for (const place of places) {
    const bytes = host.read(place);
    if (isRefusal(bytes)) continue;
    const config = configText(bytes)
      .split('\n')
      .filter((line) => CONFIG.test(line));
    return {
      config,
      configFrom: place,
      ...(release === undefined ? {} : { release }),
      ...(lockdown === undefined ? {} : { lockdown }),
    };
  }
  return {
    config: [],
    ...(release === undefined ? {} : { release }),
    ...(lockdown === undefined ? {} : { lockdown }),
  };
}

function configText(bytes: Uint8Array): string {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return textOf(bytes);
  try {
    return textOf(gunzipSync(bytes, { maxOutputLength: 16 << 20 }));
  } catch {
    return '';
  }
}

function textFile(host: HostFiles, path: string): string | undefined {
  const bytes = host.read(path);
  return isRefusal(bytes) ? undefined : textOf(bytes);
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
