import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Of the packages that are part of what is built: who copies them has to hand on their terms. */
export const licensesOf = (folders) => [...new Set(folders)].sort().map(licenseOf).join('\n');

function licenseOf(folder) {
  const { name, version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  const file = readdirSync(join(root, folder)).find((one) => /^licen[cs]e/i.test(one));
  const text = file === undefined ? '' : readFileSync(join(root, folder, file), 'utf8').trim();
  return `== ${name} ${version}\n\n${text}\n`;
}
