import { generate } from './generate.js';
import { SchemaError } from './model.js';

try {
  const { schemas, types, written, removed } = generate(process.cwd());
  console.log(
    `${schemas} schemas, ${types} types: ${written.length} files written, ${removed.length} removed`,
  );
} catch (error) {
  if (!(error instanceof SchemaError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
