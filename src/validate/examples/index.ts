/** The examples of all rules, by id; made by proof.test.ts like the files beside this one. */
import type { RuleExample } from '../example.js';
import { blockExamples } from './block.js';
import { dmarExamples } from './dmar.js';
import { fdtExamples } from './fdt.js';
import { flbExamples } from './flb.js';
import { ftraceExamples } from './ftrace.js';
import { gmfsExamples } from './gmfs.js';
import { iommufdExamples } from './iommufd.js';
import { kho1Examples } from './kho-1.js';
import { kho2Examples } from './kho-2.js';
import { kmetaExamples } from './kmeta.js';
import { ktestExamples } from './ktest.js';
import { luoExamples } from './luo.js';
import { mapExamples } from './map.js';
import { memblockExamples } from './memblock.js';
import { memfdExamples } from './memfd.js';
import { vmallocExamples } from './vmalloc.js';
import { vtd1Examples } from './vtd-1.js';
import { vtd2Examples } from './vtd-2.js';
import { vtd3Examples } from './vtd-3.js';
import { vtd4Examples } from './vtd-4.js';

export const examples: { readonly [rule: string]: RuleExample } = {
  ...fdtExamples,
  ...kho1Examples,
  ...kho2Examples,
  ...iommufdExamples,
  ...dmarExamples,
  ...gmfsExamples,
  ...ftraceExamples,
  ...mapExamples,
  ...vtd1Examples,
  ...vtd2Examples,
  ...vtd3Examples,
  ...vtd4Examples,
  ...vmallocExamples,
  ...blockExamples,
  ...kmetaExamples,
  ...memblockExamples,
  ...ktestExamples,
  ...luoExamples,
  ...flbExamples,
  ...memfdExamples,
};
