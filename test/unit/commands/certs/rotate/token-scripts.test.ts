import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keyNameOf } from '../../../../../src/commands/certs/rotate/rotate-sa.ts';
import {
  bundleQuestion,
  renewalScript,
  tokensQuestion,
} from '../../../../../src/commands/certs/rotate/token-scripts.ts';
import { newKeyPair, publicPem } from '../../../../../src/pki/keys.ts';
import { shells } from '../../../../support/shells.ts';
import { openssl, temporaryFolder } from '../../../pki/support.ts';

const KID = 'aB-c_dEfghijklmnopqrstuvwxyz0123456789ABCDE';
const b64 = (text: string): string => Buffer.from(text).toString('base64');
/** A token as a secret has it. */
const token = (header: object): string =>
  b64(`${Buffer.from(JSON.stringify(header)).toString('base64url')}.eyJpc3MiOiJrIn0.c2ln`);
const FORMER = token({ alg: 'RS256', kid: 'another' });
const WITHOUT = token({ alg: 'RS256' });
const NEW = token({ alg: 'RS256', kid: KID });

/**
 * Runs a script with a kubectl that answers the question for all secrets with a text, and writes down what it is to patch.
 * A secret called `gone` is not there any more, and one called `stuck` takes no patch.
 */
function runs(shell: string, script: (kubectl: string, ca: string) => string, answer: string, code = 0) {
  const folder = temporaryFolder();
  const [kubectl, ca] = [join(folder, 'kubectl'), join(folder, 'ca.crt')];
  writeFileSync(ca, 'both\nof them\n');
  writeFileSync(join(folder, 'answer'), answer);
  const text = `#!/bin/sh
case "$1 $2 $5" in
  'get secrets '*) printf '%s\\n' "$*" > ${folder}/got; cat ${folder}/answer; exit ${code} ;;
  'get secret gone') ;;
  'get secret '*) echo there ;;
  'patch secret gone' | 'patch secret stuck') exit 1 ;;
  *) echo "$*" >> ${folder}/asked; echo patched ;;
esac
`;
  writeFileSync(kubectl, text);
  chmodSync(kubectl, 0o755);
  let output: string;
  try {
    output = execFileSync(shell, ['-c', script(kubectl, ca)], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch (error) {
    output = `failed with ${String((error as { status: number }).status)}`;
  }
  const got = readFileSync(join(folder, 'got'), 'utf8').trim();
  const asked = join(folder, 'asked');
  return { output, got, asked: existsSync(asked) ? readFileSync(asked, 'utf8').trim().split('\n') : [] };
}

describe.each(shells)('in $name', ({ path }) => {
  it('counts the secrets whose authorities are others than the master has, and names some', () => {
    const [both, old] = [b64('both\nof them\n'), b64('both\n')];
    const count = (answer: string, code = 0) => runs(path, bundleQuestion, answer, code).output;
    expect(count(`a/x\t${both}\t${NEW}\na/y\t${both}\t${NEW}\n`)).toBe('0');
    // As kubectl takes it apart: no line may end within quotes.
    expect(runs(path, bundleQuestion, '').got).toBe(
      String.raw`get secrets --all-namespaces --field-selector type=kubernetes.io/service-account-token -o jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name}{"\t"}{.data.ca\.crt}{"\t"}{.data.token}{"\n"}{end}`,
    );
    expect(count(`a/x\t${both}\t${NEW}\na/y\t${old}\t${NEW}\nb/z\t\t${NEW}\n`)).toBe('2 a/y b/z');
    expect(count('a/full\t\t\n'), 'one that can never have a token').toBe('0');
    expect(count('')).toBe('0');
    expect(count('', 1)).toBe('failed with 1');
  });

  it('counts the tokens that another key has signed, and names some', () => {
    const count = (answer: string, code = 0) =>
      runs(path, (kubectl) => tokensQuestion(KID, kubectl), answer, code).output;
    expect(count(`a/x\t${NEW}\na/y\t${NEW}\n`)).toBe('0');
    expect(count(`a/x\t${NEW}\na/y\t${FORMER}\na/full\t\nb/z\t${WITHOUT}\n`)).toBe('2 a/y b/z');
    const many = Array.from({ length: 7 }, (_, index) => `a/${index}\t${FORMER}\n`).join('');
    expect(count(many)).toBe('7 a/0 a/1 a/2 a/3 a/4');
    expect(count('')).toBe('0');
    expect(count('', 1)).toBe('failed with 1');
  });

  const questions: [string, (kubectl: string, ca: string) => string][] = [
    ['secrets', bundleQuestion],
    ['tokens', (kubectl) => tokensQuestion(KID, kubectl)],
  ];
  it.each(questions)('leaves the shell of other questions running that asks of %s', (_, question) => {
    const others = (kubectl: string, ca: string): string =>
      `{ ${question(kubectl, ca)}\n} > /dev/null\necho on`;
    expect(runs(path, others, '').output).toBe('on');
    expect(runs(path, others, '', 1).output).toBe('on');
  });

  const renewed = (answer: string) => runs(path, (kubectl) => renewalScript(KID, kubectl), answer);
  const patch = '--type=json -p [{"op":"remove","path":"/data/token"}]';

  it('takes away the tokens of another key, and leaves the others', () => {
    const { asked, output } = renewed(
      `default/default-token-a\t${FORMER}\nkube-system/dns-token-b\t${NEW}\nshop/bot-token-c\t${WITHOUT}\n`,
    );
    expect([asked, output]).toEqual([
      [`patch secret -n default default-token-a ${patch}`, `patch secret -n shop bot-token-c ${patch}`],
      '',
    ]);
  });

  it('is not stopped by a secret that never had a token, nor by one that is gone', () => {
    const { asked, output } = renewed(`a/full\t\na/gone\t${FORMER}\nb/last\t${FORMER}\n`);
    expect([asked, output]).toEqual([[`patch secret -n b last ${patch}`], '']);
  });

  it('ends where one that is there takes no patch', () => {
    expect(renewed(`a/stuck\t${FORMER}\n`).output).toBe('failed with 1');
  });
});

it('a key has the name in tokens that Kubernetes gives it', async () => {
  const { publicKey } = await newKeyPair(2048);
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'pub'), publicPem(publicKey));
  openssl(['pkey', '-pubin', '-in', join(folder, 'pub'), '-outform', 'DER', '-out', join(folder, 'der')]);
  const digest = execFileSync('sha256sum', [join(folder, 'der')], { encoding: 'utf8' }).slice(0, 64);
  expect(keyNameOf(publicPem(publicKey))).toBe(Buffer.from(digest, 'hex').toString('base64url'));
});
