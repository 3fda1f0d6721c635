import { parseDocument } from 'yaml';
import { namesOf } from './expression.js';
import { isSmallInteger, loadField } from './load-field.js';
import { type EnumModel, type FieldModel, type Schema, SchemaError, type TypeModel } from './model.js';
import {
  fail,
  identifier,
  kernelName,
  list,
  mapping,
  type Node,
  namedValues,
  onlyKeys,
  optionalMapping,
  references,
  string,
} from './node.js';

const TOP_KEYS = ['meta', 'doc', 'doc-ref', 'seq', 'types', 'enums'];
const META_KEYS = [
  'id',
  'title',
  'application',
  'file-extension',
  'xref',
  'license',
  'endian',
  'bit-endian',
  'imports',
];
const TYPE_KEYS = ['-orig-id', 'doc', 'doc-ref', 'params', 'seq'];
const PARAM_KEYS = ['id', 'type', 'doc'];

/**
 * Parses a .ksy file and checks that it stays inside the subset.
 *
 * @param file name without directory and extension
 * @throws SchemaError naming file, type and key of the first construct that is not supported.
 */
export function loadSchema(file: string, text: string): Schema {
  const document = parseDocument(text, { schema: 'core', uniqueKeys: true, intAsBigInt: true });
  const [problem] = document.errors;
  if (problem !== undefined)
    throw new SchemaError(`${file}.ksy: key of line ${problem.linePos?.[0].line}: ${problem.message}`);
  const root = mapping(document.toJS({ maxAliasCount: 0 }), `${file}.ksy`);
  const where = `${file}.ksy`;
  onlyKeys(root, TOP_KEYS, where);
  const meta = mapping(root.meta, `${where}: meta`);
  onlyKeys(meta, META_KEYS, `${where}: meta`);
  if (meta.id !== file) fail(`${where}: meta`, 'id', `must be ${file}`);
  if (meta.license !== 'CC0-1.0') fail(`${where}: meta`, 'license', 'must be CC0-1.0');
  if (meta.endian !== 'le' && meta.endian !== 'be') fail(`${where}: meta`, 'endian', 'must be le or be');
  if (meta['bit-endian'] !== 'le') fail(`${where}: meta`, 'bit-endian', 'must be le');

  const imports = list(meta.imports ?? [], `${where}: meta`, 'imports').map((name) =>
    identifier(string(name, `${where}: meta`, 'imports'), `${where}: meta`, 'imports'),
  );
  if (new Set([file, ...imports]).size <= imports.length)
    fail(`${where}: meta`, 'imports', 'has a file twice, or the file itself');
  const enums = Object.entries(optionalMapping(root.enums, `${where}: enums`)).map(
    ([name, values]): EnumModel => {
      identifier(name, `${where}: enums`, name);
      return { name, values: namedValues(values, `${where}: enum ${name}`, name) };
    },
  );
  const fileRefs = references(root['doc-ref'], where);
  const typeNodes = mapping(root.types, `${where}: types`);
  if (Object.keys(typeNodes).length === 0) fail(where, 'types', 'is empty');
  checkEntry(root.seq, where, Object.keys(typeNodes));
  const types = Object.entries(typeNodes).map(([name, node]) => loadType(where, name, node, fileRefs, enums));
  return {
    file,
    title: string(meta.title, `${where}: meta`, 'title'),
    doc: string(root.doc, where, 'doc'),
    endian: meta.endian as 'le' | 'be',
    imports,
    enums,
    types,
  };
}

/** What Kaitai's viewer shows of a file: records without parameters. Nothing is generated for it. */
function checkEntry(seq: unknown, where: string, types: readonly string[]): void {
  for (const entry of list(seq ?? [], where, 'seq')) {
    const node = mapping(entry, `${where}: seq`);
    onlyKeys(node, ['id', 'type', 'doc'], `${where}: seq`);
    identifier(string(node.id, `${where}: seq`, 'id'), `${where}: seq`, 'id');
    if (!types.includes(string(node.type, `${where}: seq`, 'type')))
      fail(`${where}: seq`, 'type', 'is not a type of this file');
  }
}

function loadType(
  file: string,
  name: string,
  source: unknown,
  fileRefs: readonly string[],
  enums: readonly EnumModel[],
): TypeModel {
  const where = `${file}: type ${name}`;
  identifier(name, where, name);
  // Kaitai's JavaScript would shadow the type with the file's own class.
  if (`${name}.ksy` === file) fail(where, name, 'has the name of its file');
  const node = mapping(source, where);
  onlyKeys(node, TYPE_KEYS, where);
  const parameters = list(node.params ?? [], where, 'params').map((entry) => {
    const param = mapping(entry, `${where}: params`);
    onlyKeys(param, PARAM_KEYS, `${where}: params`);
    const id = identifier(string(param.id, `${where}: params`, 'id'), `${where}: params`, 'id');
    if (!['u1', 'u2', 'u4'].includes(String(param.type)))
      fail(`${where}: param ${id}`, 'type', 'must be u1, u2 or u4');
    if (list(node.seq, where, 'seq').some((other) => (other as Node | null)?.id === id))
      fail(`${where}: param ${id}`, 'id', 'is a field too');
    return id;
  });
  if (new Set(parameters).size < parameters.length) fail(where, 'params', 'has a name twice');
  const known = new Set(parameters);
  const allNames = new Set(list(node.seq, where, 'seq').map((entry) => String((entry as Node | null)?.id)));
  const seen = new Set<string>();
  const docRef = references(node['doc-ref'], where);
  const fields = list(node.seq, where, 'seq').map((entry) => {
    const field = loadField(where, entry, known, allNames, enums);
    if (seen.has(field.id)) fail(`${where}: field ${field.id}`, 'id', 'appears twice');
    seen.add(field.id);
    // Kaitai's JavaScript gives u8 as a lossy Number: an expression may only use what is exact there.
    if (field.repeat === undefined && isSmallInteger(field.type)) known.add(field.id);
    if (field.docRef.length + docRef.length + fileRefs.length === 0) {
      fail(`${where}: field ${field.id}`, 'doc-ref', 'is missing here, at the type and at the file');
    }
    return field;
  });
  if (fields.length === 0) fail(where, 'seq', 'is empty');
  const used = new Set(fields.flatMap(usedNames));
  for (const id of parameters) if (!used.has(id)) fail(`${where}: param ${id}`, 'id', 'is not used');
  return {
    name,
    kernelName: kernelName(node['-orig-id'], where),
    doc: string(node.doc, where, 'doc'),
    docRef: docRef.length > 0 ? docRef : fileRefs,
    parameters,
    fields,
  };
}

/** Names that the expressions of a field use. */
function usedNames({ type, repeat }: FieldModel): string[] {
  const expressions = [
    ...(type.kind === 'bytes' ? [type.size] : type.kind === 'record' ? type.args : []),
    ...(repeat === undefined ? [] : [repeat]),
  ];
  return expressions.flatMap(namesOf);
}
