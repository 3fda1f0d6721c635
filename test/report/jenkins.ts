/** What junit-10.xsd of Jenkins' xunit plugin allows: elements with their attributes and children; `!` is required. */
import type { XmlElement } from './xml-parser.js';

interface Allowed {
  readonly attributes: string;
  readonly children: string;
  readonly text?: true;
}

const MESSAGE: Allowed = { attributes: 'type message', children: '', text: true };
const OUTPUT: Allowed = { attributes: '', children: '', text: true };

const ELEMENTS: Readonly<Record<string, Allowed>> = {
  testsuites: { attributes: 'name time tests failures errors', children: 'testsuite' },
  testsuite: {
    attributes:
      'name! tests! failures! errors! group time skipped timestamp hostname id package file log url',
    children: 'testsuite properties testcase system-out system-err',
  },
  properties: { attributes: '', children: 'property' },
  property: { attributes: 'name! value!', children: '' },
  testcase: {
    attributes: 'name! time classname group',
    children: 'skipped error failure system-out system-err',
  },
  failure: MESSAGE,
  error: MESSAGE,
  skipped: MESSAGE,
  'system-out': OUTPUT,
  'system-err': OUTPUT,
};

/** What Jenkins would refuse in a document. */
export function jenkinsErrors(root: XmlElement): string[] {
  const errors = root.name === 'testsuites' ? [] : [`${root.name} is the root`];
  const open = [root];
  for (let element = open.pop(); element !== undefined; element = open.pop()) {
    const { name, attributes, children, text } = element;
    const allowed = ELEMENTS[name];
    if (allowed === undefined) {
      errors.push(`${name} is no element`);
      continue;
    }
    const known = allowed.attributes.split(' ').filter((each) => each !== '');
    for (const each of known) {
      if (each.endsWith('!') && attributes[each.slice(0, -1)] === undefined)
        errors.push(`${name} has no ${each}`);
    }
    const names = new Set(known.map((each) => each.replace('!', '')));
    for (const each of Object.keys(attributes)) if (!names.has(each)) errors.push(`${name}/@${each}`);
    if (allowed.text !== true && text.trim() !== '') errors.push(`${name} has text`);
    const inside = new Set(allowed.children.split(' '));
    for (const child of children) if (!inside.has(child.name)) errors.push(`${name}/${child.name}`);
    open.push(...children);
  }
  return errors;
}
