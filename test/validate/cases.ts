/** The cases that lie beside the rules: cases*.ts in src/structures/SUBJECT and in src/vtd/rules/rows. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../src/', import.meta.url));
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => /^(?:structures|vtd)[\\/].*[\\/]cases[^\\/]*\.ts$/.test(name))
  .sort();

/** What these files export under a name, one subject after the other. */
export async function casesNamed<T>(name: string): Promise<readonly T[]> {
  const modules = await Promise.all(
    files
      .filter((file) => readFileSync(`${folder}/${file}`, 'utf8').includes(`export const ${name}:`))
      .map(async (file) => (await import(`${folder}/${file}`)) as Readonly<Record<string, readonly T[]>>),
  );
  return modules.flatMap((module) => module[name] ?? []);
}
