import { expect, it } from 'vitest';
import { holdings } from '../../../src/commands/adopt/holdings.ts';
import { restoredFiles } from '../../../src/commands/adopt/restored.ts';
import { readEntries } from '../../../src/commands/logs/entries.ts';
import { readEtab } from '../../../src/commands/nfs/etab.ts';
import { readExisting } from '../../../src/commands/nfs/existing.ts';
import { readFrames } from '../../../src/commands/nfs/frames.ts';
import { readServer } from '../../../src/commands/nfs/survey.ts';
import { partsOf } from '../../../src/commands/support/collect-script.ts';
import { redacted } from '../../../src/commands/support/redacted.ts';
import { BootstrapError } from '../../../src/kernel/errors.ts';
import { endpointProblems } from '../../../src/phases/etcd/outside.ts';
import { certificatesOf } from '../../../src/pki/trusted.ts';
import { parseTokens } from '../../../src/users/tokens.ts';
import { MEGABYTE, hostileTexts, quickly } from '../../support/hostile.ts';

const repeated = (text: string): string => text.repeat(MEGABYTE / text.length);

/** What makes a reader begin again and again, beside what ends any quoting. */
const texts = {
  ...hostileTexts,
  ...Object.fromEntries(
    [
      '"',
      '(',
      '\\',
      '0 ',
      '\t',
      '-----BEGIN CERTIFICATE-----\n',
      '"",',
      'n 1 1 eA==\n',
      '{"MESSAGE":[9]}\n',
      'm a.txt\n',
    ].map((text) => [`${JSON.stringify(text)} over and over`, repeated(text)]),
  ),
};

const readers: Readonly<Record<string, (text: string) => unknown>> = {
  adopt: (text) => restoredFiles(holdings(`/etc/kubernetes/pki/ca.crt ${text}\n${text} ${text}`), 'm1'),
  certs: certificatesOf,
  tokens: parseTokens,
  logs: (text) => readEntries('m1', text),
  'nfs exports': readEtab,
  'nfs mounts': readExisting,
  'nfs frames': (text) => readFrames('n', Buffer.from(text)),
  'nfs status': (text) =>
    readServer(
      new Map(
        ['services', 'table', 'ours', 'peers', 'clients', 'space.0'].map((name) => [
          name,
          { code: 0, ms: 0, said: text },
        ]),
      ),
      ['/nfsdata'],
      { protocol: 'all' },
    ),
  'outside etcd': (text) => endpointProblems(['https://a:1'], text),
  'support parts': (text) => partsOf(text, 'm'),
  'support masks': (text) => redacted([])(text),
};

it.each(Object.entries(readers))(
  'what is read for %s is read at once, whatever it is',
  async (_, read) => {
    const bad: unknown[] = [];
    for (const [name, text] of Object.entries(texts)) {
      await quickly(() => {
        try {
          read(text);
        } catch (error) {
          if (!(error instanceof BootstrapError)) bad.push([name, String(error)]);
        }
      });
    }
    expect(bad).toEqual([]);
    // How long one text may take is said by `quickly`; there are many of them.
  },
  120_000,
);
