import { expect, it } from 'vitest';
import { factsOf, imagined } from '../../../src/facts/facts.ts';
import { served } from '../../../src/phases/nfs/server.ts';
import type { Observed } from '../../../src/probe/observe.ts';
import * as files from '../../../src/probe/probers/files.ts';
import * as modules from '../../../src/probe/probers/modules.ts';
import { parseExports } from '../../../src/resources/nfs/exports-text.ts';
import { readFirewalld } from '../../../src/resources/network/firewalld.ts';

/** What a host says may be long, and must cost its reader no more than that: four times the text, four times the time. */
const answering = (output: string): Observed => ({
  ...imagined('centos'),
  answer: () => ({ code: 0, output }),
});
const nfs = {
  protocol: 'all',
  ports: { mountd: 20_048, statd: 662, lockd: 32_803 },
} as unknown as Parameters<typeof served>[0];

const firewalld = (block: string, text: string): unknown =>
  readFirewalld(`zone public\n== ${block}\n${text}\n`);

const readers: Readonly<Record<string, readonly [unit: string, read: (text: string) => unknown]>> = {
  'sources of a zone': [
    ' 10.0.0.0/8',
    (text) => firewalld('active', `dict entry( trusted array [ dict entry( sources array [${text} ] ) ] )`),
  ],
  'lists of a zone': ['      array [\n         string ""\n', (text) => firewalld('runtime zone', text)],
  'ports and rules of a zone': [
    '         string "\n',
    (text) => firewalld('runtime zone', `      array [\n${text}      ]\n`.repeat(7)),
  ],
  'rules of XML without an end': ['<rule family="ipv4">', (text) => firewalld('permanent zone', text)],
  'tags without an end': ['<source <rule <port ', (text) => firewalld('permanent trusted', text)],
  'ipv of direct rules': ['ipv="ipv4"', (text) => firewalld('permanent trusted', `<rule ${text}`)],
  'lines that are continued': ['/a\\\n', parseExports],
  'options that many clients have in common': [
    'x',
    ({ length }) => {
      const options = Array.from({ length: length / 10 }, (_, index) => `o${index}`);
      return parseExports(`/a -${options.join(',')} ${'h(rw) '.repeat(length / 10)}`);
    },
  ],
  'lines without a bar': ['stat \n', (text) => files.unitFacts(Buffer.from(text))],
  'lines without a colon': ['stat 1 2 3 4 \n', (text) => files.clock(Buffer.from(text))],
  'a path of slashes': [
    '/',
    (text) => modules.parse([{ kind: 'module', key: 'x' }], Buffer.from(`builtin ${text}\n`)),
  ],
  'empty lines': ['\n', (text) => served(nfs, answering(`registered\n${text}x`))],
  'lines of facts': ['== network\n', (text) => factsOf(answering(text))],
  'a line of facts': ['"subnet": ', (text) => factsOf(answering(`== cni ${text}\n== docker ${text}`))],
};

function fastest(read: (text: string) => unknown, text: string): number {
  let best = Infinity;
  for (let round = 0; round < 2; round += 1) {
    const started = performance.now();
    read(text);
    best = Math.min(best, performance.now() - started);
    if (best > 2000) break;
  }
  return best;
}

it.each(Object.entries(readers))('%s are read in one go', { timeout: 60_000 }, (_, [unit, read]) => {
  const size = 75_000;
  const once = fastest(read, unit.repeat(size / unit.length));
  const fourfold = fastest(read, unit.repeat((4 * size) / unit.length));
  expect(fourfold).toBeLessThan(9 * once + 100);
});
