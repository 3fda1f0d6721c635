/** Files that name the virtual machine that they belong to. */
import type { StructureModel } from '../../structures/model.js';
import type { Rule } from '../rule.js';
import { hex } from '../text.js';
import { quoted } from '../upstream/blobs.js';
import { type DraftRule, draft } from './generic.js';
import { eachHeld, holdersOf, knowsFiles } from './held.js';
import { fieldAt } from './place.js';

/** `vm_token` of a file is the LUO token of a virtual machine of the same session. */
export function vmTokens<T extends StructureModel & { readonly vmToken: bigint }>(
  key: string,
  words: Pick<DraftRule, 'id' | 'title' | 'source' | 'evidence' | 'consequence' | 'reads'>,
): Rule {
  return draft({
    severity: 'error',
    ...words,
    check(context, report) {
      const machines = holdersOf(context.handover, 'kvmVm');
      for (const { form, model, of, name, subject } of eachHeld<T>(context, key, report)) {
        if (
          of === undefined ||
          machines.some((vm) => vm.of?.session === of.session && vm.of.file.token === model.vmToken)
        )
          continue;
        if (!knowsFiles(context.handover, report, of.session)) continue;
        report.finding({
          subject,
          message: `vm_token of ${name} is ${hex(model.vmToken)}, but session ${quoted(of.session.name)} has no virtual machine of that token`,
          location: fieldAt(form.root, model.address, 'vmToken'),
          found: hex(model.vmToken),
        });
      }
    },
  });
}
