import { describe, expect, it } from 'vitest';
import { collectScript, partsOf } from '../../../../src/commands/support/collect-script.ts';
import { redacted } from '../../../../src/commands/support/redacted.ts';
import { type SupportOptions, support } from '../../../../src/commands/support/support.ts';
import { Secret } from '../../../../src/kernel/secret.ts';

describe('what goes into an archive', () => {
  it.each([
    ['a value that is known', 'flag --x=hunter2-known', 'flag --x=***'],
    ['one in base64', `data: ${Buffer.from('hunter2-known').toString('base64')}`, 'data: ***'],
    [
      'a key',
      'a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nb',
      'a\n*** a private key ***\nb',
    ],
    ['a key that is cut off', '-----BEGIN PRIVATE KEY-----\nMIIE', '*** a private key ***'],
    ['a token of a header', 'Authorization: Bearer abcdefgh.ijkl', 'Authorization: Bearer ***'],
    ['a token of a service account', 'got eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJl.c2ln here', 'got *** here'],
    ['a login in an address', 'proxy http://user:pa55@proxy:3128/', 'proxy http://***@proxy:3128/'],
    ['a setting', `password: "with blanks" token=abc, secret: x`, 'password: *** token=***, secret: ***'],
    ['one with a slash and an at-sign', 'http://user:p/w@1@proxy:3128/x', 'http://***@proxy:3128/x'],
    [
      'a variable',
      'AWS_SECRET_ACCESS_KEY=abc/def X_API_KEY=1 n=2',
      'AWS_SECRET_ACCESS_KEY=*** X_API_KEY=*** n=2',
    ],
    [
      'JSON in JSON',
      String.raw`{"m":"{\"password\":\"a b\",\"n\":1}"}`,
      String.raw`{"m":"{\"password\":***,\"n\":1}"}`,
    ],
    ['names in one word', 'secretAccessKey: abc, clientSecret=x', 'secretAccessKey: ***, clientSecret=***'],
    ['a flag', 'run --password hunter2 --db-token=abc -v', 'run --password *** --db-token=*** -v'],
    [
      'no path of a file',
      '--service-account-private-key-file=/etc/a --token-auth-file=/b --authorization-mode=RBAC',
      '--service-account-private-key-file=/etc/a --token-auth-file=/b --authorization-mode=RBAC',
    ],
    [
      'what is no secret',
      'kubelet: --config=/var/lib/kubelet/config.yaml sha256:abc',
      'kubelet: --config=/var/lib/kubelet/config.yaml sha256:abc',
    ],
  ])('masks %s', (_what, text, masked) => {
    expect(redacted([new Secret('hunter2-known')])(text)).toBe(masked);
  });

  it('is masked in time, whatever a host sends', () => {
    const mask = redacted([]);
    for (const piece of [
      'a.',
      'token="',
      '://a:',
      '-eyJ',
      '-----BEGIN PRIVATE KEY',
      '--token ',
      String.raw`\\"`,
    ]) {
      expect(mask(piece.repeat(1_000_000 / piece.length)).length).toBeGreaterThan(0);
    }
  });

  it('is read by names that a host cannot make up', () => {
    const mark = '== 00ff';
    const output = `before\n${mark} system.txt\none\n== other.txt\n\n${mark} ../../etc/passwd\nx\n${mark} journal/etcd.service.txt\ntwo\n`;
    expect([...partsOf(output, mark)]).toEqual([
      ['system.txt', 'one\n== other.txt\n'],
      ['journal/etcd.service.txt', 'two\n'],
    ]);
  });

  it('is asked for without reading what may hold a key', () => {
    const script = collectScript(['etcd.service'], '== 0');
    expect(script).toContain('journalctl -u etcd.service');
    expect(script).not.toMatch(/\/etc\/kubernetes|\/etc\/etcd|originals|\.key|environ/);
  });
});

it('overwrites no file, and asks no host before it says so', async () => {
  const out = import.meta.filename;
  await expect(support({ out } as SupportOptions)).rejects.toMatchObject({ code: 'E_FILE_EXISTS' });
});
