import { readFileSync, readdirSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { Watch } from '../../../src/probe/observe.ts';
import * as files from '../../../src/probe/probers/files.ts';
import * as modules from '../../../src/probe/probers/modules.ts';
import * as packages from '../../../src/probe/probers/packages.ts';
import * as sysctls from '../../../src/probe/probers/sysctls.ts';
import * as units from '../../../src/probe/probers/units.ts';

/** One case of `test/cases/probers`: what a host printed, and what is read out of it, by key. */
interface Case {
  readonly name: string;
  readonly watches: readonly Watch[];
  readonly output: string;
  readonly expect: Readonly<Record<string, unknown>>;
}

const parsers: Readonly<Record<string, (watches: never, output: Buffer) => ReadonlyMap<string, unknown>>> = {
  'files.yaml': files.parse,
  'modules.yaml': modules.parse,
  'packages.yaml': packages.parse,
  'sysctls.yaml': (watches: Parameters<typeof sysctls.parse>[0], output) =>
    sysctls.parse(watches, output.toString()),
  'units.yaml': (watches: Parameters<typeof units.parse>[0], output) =>
    units.parse(watches, output, files.unitFacts(output)),
};

const folder = new URL('../../cases/probers/', import.meta.url);

it('has cases for every prober that is here, and no others', () => {
  expect(readdirSync(folder).toSorted()).toEqual(Object.keys(parsers));
});

describe.each(Object.keys(parsers))('%s', (name) => {
  const cases = load(readFileSync(new URL(name, folder), 'utf8')) as readonly Case[];

  it.each(cases)('$name', ({ watches, output, expect: wanted }) => {
    const found = Object.fromEntries(parsers[name]!(watches as never, Buffer.from(output)));
    expect(Object.keys(found).toSorted()).toEqual(watches.map(({ key }) => key).toSorted());
    expect(found).toMatchObject(wanted);
  });
});
