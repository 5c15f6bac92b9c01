import { readFileSync, readdirSync } from 'node:fs';
import { readYamlAll } from './yaml.ts';

// In the built program another module with the same exports stands in for this one: `build.mjs` has read the files.

const root = new URL('../../', import.meta.url);

/** The text of a data file, named from the top of the project: `templates/etc/audit-policy.yaml`. */
export const readText = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** The YAML documents (1.2, core schema) of a data file. */
export const readDocuments = (path: string): unknown[] => readYamlAll(readText(path));

/** The one YAML document of a data file. */
export const readData = (path: string): unknown => readDocuments(path)[0];

/** Names of the files in a folder of data, in no order. */
export const namesIn = (folder: string): string[] => readdirSync(new URL(`${folder}/`, root));
