/** Every row of section 3 of vtd.md, broken on one machine: beside the rows, in src/vtd/rules/rows. */
import { casesNamed } from './cases.js';
import type { VtdCase } from './vtd-changes.js';

export const VTD_CASES: readonly VtdCase[] = await casesNamed('VTD_CASES');
