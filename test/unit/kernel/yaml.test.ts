import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { restoredFiles } from '../../../src/commands/adopt/restored.ts';
import { roleFrom } from '../../../src/commands/users/wanted.ts';
import { whoami } from '../../../src/commands/users/whoami.ts';
import { asBootstrapError } from '../../../src/kernel/errors.ts';
import { Secret } from '../../../src/kernel/secret.ts';
import { readYaml, readYamlAll } from '../../../src/kernel/yaml.ts';
import { readChecksums } from '../../../src/release/checksums.ts';
import { describeError } from '../../../src/report/error-text.ts';
import { readRegistry } from '../../../src/users/registry.ts';
import { CA_IDS } from '../../../src/pki/spec.ts';
import { CA_FILES } from '../../../src/pki/contents.ts';
import { temporaryFolder } from '../pki/support.ts';

const WORD = 'hunter2';

/** Texts in which the library's own message would show the word. */
const damaged = [
  `password: ${WORD}\n  more: [\n`,
  `token: *${WORD}\n`,
  `token: !${WORD} x\n`,
  `token: !!${WORD} x\n`,
  `token: !<a${WORD}> [x]\n`,
  `token: !${WORD}!a x\n`,
  `? ${WORD}\n: a\n? ${WORD}\n: b\n`,
  `%TAG !${WORD}! a\n%TAG !${WORD}! b\n---\na\n`,
  `token: "${WORD}`,
  `${WORD}: \u0007\n`,
];

/** An error as it is told, with everything that it says it came from. */
async function told(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    return JSON.stringify(describeError(asBootstrapError(error)));
  }
  return 'no error';
}

const fileOf = (text: string, name = 'file.yaml'): string => {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
};

const kept = new Set(CA_IDS.flatMap((id) => [`${CA_FILES[id]}.crt`, `${CA_FILES[id]}.key`]));

const readers: Record<string, (text: string) => unknown> = {
  readYaml,
  readYamlAll,
  'artifacts.checksums': (text) => readChecksums(fileOf(text)),
  'users whoami': (text) => whoami({ kubeconfig: fileOf(text), emit: () => undefined, secrets: new Set() }),
  adopt: (text) =>
    restoredFiles(new Map([['/etc/kubernetes/encryption-config.yaml', new Secret(text)]]), 'm1', kept),
  'issue-user --role': (text) => roleFrom(fileOf(text)),
  'the registry of users': (text) => readRegistry(join(fileOf(text, 'users.yaml'), '..')),
};

describe.each(Object.keys(readers))('%s', (name) => {
  it.each(damaged)('says where %j is damaged, and no word of it', async (text) => {
    const answer = await told(() => readers[name]?.(text));
    expect(answer).toMatch(/line \d+, column \d+: [a-z]/);
    expect(answer).not.toContain(WORD);
  });
});

it.each([`password: ${WORD}\n`, `${WORD}: 12\n`])(
  'tells nothing of %j, which holds no checksums',
  async (text) => {
    const answer = await told(() => readChecksums(fileOf(text)));
    expect(answer).toContain('entry 1');
    expect(answer).not.toContain(WORD);
  },
);

it('takes no number for a key, and does not tell it', async () => {
  const user = '{name: u, user: {client-key-data: 4711, token: 4712}}';
  const text = `current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\nclusters: [{name: k, cluster: {server: "https://127.0.0.1:1"}}]\nusers: [${user}]\n`;
  expect(await told(() => readers['users whoami']?.(text))).not.toMatch(/471[12]/);
});
