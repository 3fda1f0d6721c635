/** The cases that lie beside the rules: src/structures/SUBJECT/cases*.ts. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../src/structures/', import.meta.url));
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => /[\\/]cases[^\\/]*\.ts$/.test(name))
  .sort();

/** What these files export under a name, one subject after the other. */
export async function casesNamed<T>(name: string): Promise<readonly T[]> {
  const modules = await Promise.all(
    files.map(async (file) => (await import(`${folder}/${file}`)) as Readonly<Record<string, readonly T[]>>),
  );
  return modules.flatMap((module) => module[name] ?? []);
}
