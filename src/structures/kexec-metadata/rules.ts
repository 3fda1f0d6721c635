/** The rider kexec-metadata (upstream K1, K2). */

import type { Subtree } from '../../abi/model.js';
import {
  KHO_KEXEC_METADATA,
  KHO_KEXEC_METADATA_SIZE,
  KhoKexecMetadataVersion,
} from '../../records/kexec_metadata.js';
import { bytesToText } from '../../schema/text.js';
import { METADATA } from '../../validate/reads.js';
import type { Reporter, Rule, RuleContext } from '../../validate/rule.js';
import { rulesOf } from '../../validate/shapes.js';
import { SIZED } from '../../validate/upstream/shared.js';

const rule = rulesOf({ generations: SIZED, needs: ['memory'], reads: METADATA });

const READER = 'kernel/liveupdate/kexec_handover.c kho_in_kexec_metadata';
const NAME = 'kexec-metadata';

function metadata({ handover }: RuleContext, report: Reporter): Subtree | undefined {
  const subtree = handover.subtrees?.find(({ name }) => name === NAME);
  if (subtree === undefined) report.skip(`the tree has no ${NAME}`);
  else if (subtree.blob === undefined) report.absent(`the blob of ${NAME}`, subtree.address ?? 0n);
  return subtree;
}

const metadataVersion = rule({
  id: 'KMETA-001',
  title: `kexec-metadata is version ${KhoKexecMetadataVersion.current} and complete`,
  source: 'upstream K1',
  evidence: READER,
  consequence: 'the next kernel warns and ignores it: the kexec count restarts',
  check(context, report) {
    const subtree = metadata(context, report);
    if (subtree?.blob === undefined) return;
    const { blob, address } = subtree;
    const version = context.handover.kexecMetadata?.version;
    const location = {
      fdtPath: `/${NAME}`,
      ...(address === undefined ? {} : { address }),
    };
    if (version !== undefined && version !== KhoKexecMetadataVersion.current) {
      report.finding({
        message: `kexec-metadata is of version ${version}`,
        location: { ...location, field: 'kho_kexec_metadata.version' },
        found: `${version}`,
        expected: `${KhoKexecMetadataVersion.current}`,
      });
    } else if (blob.length < KHO_KEXEC_METADATA_SIZE) {
      report.finding({
        message: `kexec-metadata has ${blob.length} bytes`,
        location: { ...location, property: 'blob-size' },
        found: `${blob.length}`,
        expected: `at least ${KHO_KEXEC_METADATA_SIZE}`,
      });
    }
  },
});

const releaseName = rule({
  id: 'KMETA-002',
  title: 'the release in kexec-metadata is a NUL-terminated string',
  severity: 'warning',
  source: 'upstream K2',
  evidence: READER,
  consequence: 'the next kernel copies as much as fits, and prints a truncated release',
  requires: ['KMETA-001'],
  check(context, report) {
    const subtree = metadata(context, report);
    const release = context.handover.kexecMetadata?.previousRelease;
    if (subtree === undefined || release === undefined) return;
    const { terminated, text } = bytesToText(release);
    if (terminated && text !== '') return;
    const { address } = subtree;
    report.finding({
      message: terminated
        ? 'previous_release is empty'
        : `previous_release ("${text}") is not NUL-terminated`,
      location: {
        fdtPath: `/${NAME}`,
        field: 'kho_kexec_metadata.previous_release',
        ...(address === undefined ? {} : { address: address + BigInt(KHO_KEXEC_METADATA.previousRelease) }),
      },
    });
  },
});

const countFromOne = rule({
  id: 'KMETA-003',
  title: 'kexec_count is at least 1',
  severity: 'warning',
  source: 'upstream 3.3',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_out_kexec_metadata: the incoming count and 1',
  consequence:
    'not checked: the next kernel takes itself for cold-booted by the count, which it prints and hands on',
  requires: ['KMETA-001'],
  check(context, report) {
    const subtree = metadata(context, report);
    if (subtree === undefined || context.handover.kexecMetadata?.kexecCount !== 0) return;
    const { address } = subtree;
    report.finding({
      message: 'kexec_count is 0, but the first kexec after a cold boot hands over 1',
      location: {
        fdtPath: `/${NAME}`,
        field: 'kho_kexec_metadata.kexec_count',
        ...(address === undefined ? {} : { address: address + BigInt(KHO_KEXEC_METADATA.kexecCount) }),
      },
      found: '0',
      expected: 'at least 1',
    });
  },
});

export const metadataRules: readonly Rule[] = [metadataVersion, releaseName, countFromOne];
