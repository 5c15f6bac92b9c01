import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { FieldFact } from '../../answers/cluster.ts';
import { didYouMean } from '../../inventory/suggest.ts';
import { inventoryJsonSchema } from '../../inventory/schema/json-schema.ts';
import { COMPONENTS } from '../../kernel/components.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import type { Release } from '../../release/release.ts';
import { type ClusterOptions, openCluster } from '../../cluster/open.ts';
import { explainFile, wantedOn } from './file-facts.ts';
import { explainField, fieldNames } from './field-facts.ts';
import { explainFlag } from './flag-facts.ts';
import { explainThing, thingNames } from './thing-facts.ts';
import type { Language } from '../../texts/language.ts';

/** Who writes an inventory asks for its fields before there is one. */
const UNWRITTEN = Buffer.from('{}');

/**
 * Says what a flag, a file of the hosts, a unit, a certificate, an object, an add-on or a field of the inventory is for
 * and where it comes from, by what is written down alone: no host is asked.
 * @throws E_EXPLAIN when it is none of them; exit code 2
 */
export async function explain(what: string, language: Language, options: ClusterOptions): Promise<number> {
  const tell = (found: FieldFact): number => {
    options.emit({ type: 'result', answer: 'explain-field', data: { language, field: found.field, found } });
    return ExitCode.ok;
  };
  if (!existsSync(options.file)) {
    const field = explainField(what, inventoryJsonSchema(), UNWRITTEN, options.file);
    if (field) return tell(field);
  }
  const cluster = await openCluster(options);
  try {
    const wanted = wantedOn(cluster);
    if (what.startsWith('/')) {
      const found = explainFile(wanted, what, language);
      if (found.length === 0)
        throw unknownFile(what, wanted.map(({ resource }) => resource.owns ?? []).flat());
      options.emit({ type: 'result', answer: 'explain-file', data: { language, file: what, found } });
      return ExitCode.ok;
    }
    const flag = what.replace(/^-+/, '').replace(/=.*$/, '');
    const { release } = cluster.world(new Map());
    const inventory = await readFile(cluster.inventory.file);
    const { profile } = cluster.inventory;
    const context = { wanted, inventory, file: options.file, profile, release, language };
    const flags = explainFlag(flag, context);
    const things = what.startsWith('-') ? [] : explainThing(what, wanted, language);
    const schema = inventoryJsonSchema();
    // A flag has no dot in its name; a field without one is of a whole section.
    const isFlag = COMPONENTS.some((name) => release.flag(name, flag).known);
    const field = isFlag ? undefined : explainField(what, schema, inventory, options.file);
    if (flags.length + things.length === 0 && !field) throw unknownName(flag, release, fieldNames(schema));
    if (flags.length > 0)
      options.emit({ type: 'result', answer: 'explain-flag', data: { language, flag, found: flags } });
    if (things.length > 0)
      options.emit({
        type: 'result',
        answer: 'explain-thing',
        data: { language, thing: what, found: things },
      });
    if (field) tell(field);
    return ExitCode.ok;
  } finally {
    await cluster.artifacts.close();
  }
}

const unknownFile = (path: string, known: readonly string[]): BootstrapError =>
  new BootstrapError(
    'E_EXPLAIN',
    `nothing of this inventory writes ${path}${didYouMean(path, new Set(known))}`,
    {
      hint: 'What is on a host and not listed by any phase is not ours.',
      exitCode: ExitCode.usage,
    },
  );

const unknownName = (name: string, release: Release, fields: readonly string[]): BootstrapError => {
  const known = [
    ...COMPONENTS.flatMap((component) => release.flagNames(component)),
    ...thingNames(),
    ...fields,
  ];
  return new BootstrapError(
    'E_EXPLAIN',
    `no component knows a flag "${name}", and nothing else is called that${didYouMean(name, new Set(known))}`,
    {
      hint: 'Write a flag, a unit, a certificate, an object or an add-on by its name, a file of a host by its whole path, a field like etcd.dataDir.',
      exitCode: ExitCode.usage,
    },
  );
};
