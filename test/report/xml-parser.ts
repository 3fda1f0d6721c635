/** A strict parser of the XML that the JUnit output uses: elements, attributes in double quotes, text, the five entities. */

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
// Characters of XML 1.0 section 2.2, surrogates as pairs only.
// biome-ignore lint/suspicious/noControlCharactersInRegex: the ones that XML does not allow
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u;

export function parseXml(document: string): XmlElement {
  if (NOT_XML.test(document)) throw new Error('a character that XML 1.0 does not allow');
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
  if (!document.startsWith(declaration)) throw new Error('no XML declaration');
  const top: XmlElement = { name: '', attributes: {}, children: [], text: '' };
  const open: XmlElement[] = [top];
  for (const [token] of document.slice(declaration.length).matchAll(/<[^>]*>|[^<]+/g)) {
    const inside = open.at(-1);
    if (inside === undefined) throw new Error('text after the root');
    if (!token.startsWith('<')) {
      if (token.includes(']]>')) throw new Error(']]> in text');
      inside.text += unescaped(token);
    } else if (token.startsWith('</')) {
      if (token !== `</${inside.name}>`) throw new Error(`${token} closes ${inside.name}`);
      open.pop();
    } else {
      const element = openTag(token);
      inside.children.push(element);
      if (!token.endsWith('/>')) open.push(element);
    }
  }
  const [root, ...more] = top.children;
  if (open.length !== 1 || root === undefined || more.length > 0) throw new Error('not one root element');
  return root;
}

function openTag(token: string): XmlElement {
  const match = /^<([A-Za-z][\w.-]*)((?: [A-Za-z][\w.-]*="[^"<\n\t]*")*) ?\/?>$/.exec(token);
  if (match === null) throw new Error(`no tag: ${token}`);
  const attributes: Record<string, string> = {};
  for (const [, name = '', value = ''] of (match[2] ?? '').matchAll(/ ([\w.-]+)="([^"]*)"/g)) {
    if (name in attributes) throw new Error(`${name} twice in ${token}`);
    attributes[name] = unescaped(value);
  }
  return { name: match[1] ?? '', attributes, children: [], text: '' };
}

function unescaped(text: string): string {
  return text.replace(/&([^;]*);?/g, (whole, name: string) => {
    const character = ENTITIES[name];
    if (character === undefined || !whole.endsWith(';')) throw new Error(`no entity: ${whole}`);
    return character;
  });
}
