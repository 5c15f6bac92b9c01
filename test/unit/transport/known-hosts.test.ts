import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  fingerprint,
  formatLine,
  hostKey,
  judgeHostKey,
  lookup,
  parseKnownHosts,
  withoutHost,
  type HostKey,
} from '../../../src/transport/known-hosts.ts';
import { newKey, publicBlob } from '../../support/ssh-server.ts';

const key = (): HostKey => hostKey(publicBlob(newKey().public))!;
const a = key();
const b = key();
const line = (hosts: string, { type, blob }: HostKey): string =>
  `${hosts} ${type} ${blob.toString('base64')}`;
const fingerprints = (text: string, host: string, port = 22): string[] =>
  lookup(parseKnownHosts(text), host, port).keys.map((found) => found.fingerprint);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'k8sb-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

it('prints fingerprints as ssh-keygen does', () => {
  const file = join(folder, 'key.pub');
  writeFileSync(file, `${a.type} ${a.blob.toString('base64')} comment\n`);
  expect(execFileSync('ssh-keygen', ['-lf', file], { encoding: 'utf8' }).split(' ')[1]).toBe(
    fingerprint(a.blob),
  );
});

describe('which lines are meant for a host', () => {
  it.each([
    { hosts: 'm1', host: 'm1', hit: true },
    { hosts: 'M1', host: 'm1', hit: true },
    { hosts: 'm1', host: 'M1', hit: true },
    { hosts: 'm1', host: 'm10', hit: false },
    { hosts: 'm1,10.0.0.1', host: '10.0.0.1', hit: true },
    { hosts: '*.example.com', host: 'a.b.example.com', hit: true },
    { hosts: '*.example.com', host: 'example.com', hit: false },
    { hosts: 'm?', host: 'm1', hit: true },
    { hosts: 'm?', host: 'm12', hit: false },
    { hosts: '10.0.0.1', host: '10x0.0.1', hit: false },
    { hosts: '*,!m1', host: 'm1', hit: false },
    { hosts: '!m1,*', host: 'm1', hit: false },
    { hosts: '*,!m1', host: 'm2', hit: true },
    { hosts: '!m1', host: 'm2', hit: false },
    { hosts: '[m1]:2222', host: 'm1', port: 2222, hit: true },
    { hosts: '[m1]:2222', host: 'm1', hit: false },
    { hosts: 'm1', host: 'm1', port: 2222, hit: false },
    { hosts: '[*]:2222', host: 'm1', port: 2222, hit: true },
    { hosts: '[fe80::1]:2222', host: 'fe80::1', port: 2222, hit: true },
    { hosts: 'fe80::1', host: 'fe80::1', hit: true },
  ])('$hosts for $host:$port: $hit', ({ hosts, host, port, hit }) => {
    expect(fingerprints(line(hosts, a), host, port)).toEqual(hit ? [a.fingerprint] : []);
  });

  it.each([
    { hosts: 'm1', port: 22 },
    { hosts: '[m1]:2222', port: 2222 },
  ])('$hosts hashed by ssh-keygen', ({ hosts, port }) => {
    const file = join(folder, `hashed-${String(port)}`);
    writeFileSync(file, `${line(hosts, a)}\n`);
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(/^\|1\|/);
    expect(fingerprints(text, 'M1', port)).toEqual([a.fingerprint]);
    expect(fingerprints(text, 'm2', port)).toEqual([]);
    expect(fingerprints(text, 'm1', port + 1)).toEqual([]);
  });
});

describe('what a file holds', () => {
  it('survives comments, empty lines, Windows line ends, tabs and trailing comments', () => {
    const text = `# comment\r\n\r\n${line('m1', a).replaceAll(' ', '\t')}\tuser@host\r\n`;
    expect(parseKnownHosts(text)).toMatchObject({ lines: [{ hosts: 'm1' }], problems: [] });
    expect(fingerprints(text, 'm1')).toEqual([a.fingerprint]);
  });

  it.each([
    ['m1 ssh-ed25519', 'needs hosts, key type and key'],
    ['m1 ssh-ed25519 AAAA', 'the key is not a valid ssh-ed25519 key'],
    [line('m1', a).replace('ssh-ed25519', 'ssh-rsa'), 'the key is not a valid ssh-rsa key'],
    [`@trusted ${line('m1', a)}`, 'unknown marker @trusted'],
    ['|2|x|y ssh-ed25519', 'needs hosts, key type and key'],
  ])('reports %s and goes on', (bad, reason) => {
    const text = `${bad}\n${line('m1', b)}`;
    expect(parseKnownHosts(text).problems).toEqual([{ line: 1, reason }]);
    expect(fingerprints(text, 'm1')).toEqual([b.fingerprint]);
  });

  it('never takes a hash it does not know for a match', () => {
    for (const hosts of ['|2|AAAA|AAAA', '|1|AAAA', '|1||', '|'])
      expect(fingerprints(line(hosts, a), 'm1')).toEqual([]);
  });

  it('does not take a certificate authority for a host key', () => {
    const known = lookup(parseKnownHosts(`@cert-authority ${line('*', a)}`), 'm1', 22);
    expect(known).toEqual({ keys: [], revoked: [], authority: true });
    expect(judgeHostKey(known, a)).toEqual({ state: 'unknown' });
  });
});

describe('the verdict', () => {
  const verdict = (text: string, presented: HostKey) =>
    judgeHostKey(lookup(parseKnownHosts(text), 'm1', 22), presented);

  it('is known for any of several keys', () => {
    const text = [line('m1', a), line('m1', b)].join('\n');
    expect([verdict(text, a), verdict(text, b)]).toEqual([{ state: 'known' }, { state: 'known' }]);
  });

  it('is unknown for a host without a line', () => {
    expect(verdict(line('m2', a), a)).toEqual({ state: 'unknown' });
  });

  it('is changed, with what was expected', () => {
    expect(verdict(line('m1', a), b)).toMatchObject({
      state: 'changed',
      expected: [{ fingerprint: a.fingerprint }],
    });
  });

  it('is revoked wherever else the key is known', () => {
    expect(verdict(`${line('m1', a)}\n@revoked ${line('*', a)}`, a)).toEqual({ state: 'revoked' });
    expect(verdict(`${line('m1', b)}\n@revoked ${line('*', a)}`, b)).toEqual({ state: 'known' });
  });
});

describe('lines that are written', () => {
  it.each([
    ['m1', 22],
    ['M1.example.com', 2222],
    ['fe80::1', 22],
    ['fe80::1', 2222],
  ])('for %s:%d are found again, also by ssh-keygen', (host, port) => {
    const text = `${formatLine(host, port, a)}\n`;
    expect(fingerprints(text, host, port)).toEqual([a.fingerprint]);
    const file = join(folder, `written-${String(port)}-${host.length}`);
    writeFileSync(file, text);
    const name = (port === 22 ? host : `[${host}]:${String(port)}`).toLowerCase();
    expect(execFileSync('ssh-keygen', ['-F', name, '-f', file], { encoding: 'utf8' })).toContain('found');
  });

  it('are dropped for one host only', () => {
    const kept = [
      '# note',
      line('m2', a),
      line('[m1]:2222', a),
      `@revoked ${line('m1', b)}`,
      line('m*', a),
      'nonsense',
    ];
    const text = [line('m1', a), ...kept, line('m1,10.0.0.1', b)].join('\n');
    expect(withoutHost(text, 'M1', 22)).toBe(kept.join('\n'));
  });
});

it.each([Buffer.alloc(0), Buffer.from([0, 0, 0, 9, 65]), Buffer.alloc(40), Buffer.from('ssh-ed25519')])(
  'does not take %o for a key',
  (blob) => {
    expect(hostKey(blob)).toBeUndefined();
  },
);
