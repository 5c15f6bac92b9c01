import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Entry } from '../../../../../src/commands/plan/script/files.ts';
import { refuseOtherFolder, writeFolder } from '../../../../../src/commands/plan/script/folder.ts';
import { scratch } from '../../../../support/ssh-target.ts';
import { filesBelow } from './below.ts';

const { path: home, remove } = scratch();
afterAll(remove);
const fresh = (): string => mkdtempSync(join(home, 'by-hand-'));
const refused = (message: RegExp): Error =>
  expect.objectContaining({
    code: 'E_SCRIPT_FOLDER',
    exitCode: 2,
    message: expect.stringMatching(message) as string,
  }) as Error;

const text = (content: string, mode: 0o600 | 0o644 = 0o644): Entry => ({ text: content, mode });
const first = new Map<string, Entry>([
  ['ORDER.md', text('1')],
  ['m1/01-a.sh', text('a')],
  ['m1/secrets/key', text('k', 0o600)],
  ['m1/artifacts/kubelet', { target: '/cache/kubelet', sha256: 'x', size: 1 }],
]);

describe('the folder of scripts', () => {
  it('is made with what is in it, secrets for its owner alone', async () => {
    const folder = join(fresh(), 'new');
    await writeFolder(folder, first);
    expect(readFileSync(join(folder, 'm1/01-a.sh'), 'utf8')).toBe('a');
    expect(readlinkSync(join(folder, 'm1/artifacts/kubelet'))).toBe('/cache/kubelet');
    expect(
      ['m1/secrets/key', 'm1/secrets', 'ORDER.md'].map((path) => statSync(join(folder, path)).mode & 0o777),
    ).toEqual([0o600, 0o700, 0o644]);
  });

  it('is written anew: what is not wanted any more goes, what others put there stays', async () => {
    const folder = fresh();
    await writeFolder(folder, first);
    writeFileSync(join(folder, 'm1/notes.txt'), 'mine');
    await refuseOtherFolder(folder);
    await writeFolder(
      folder,
      new Map([
        ['ORDER.md', text('2')],
        ['m1/02-b.sh', text('b')],
      ]),
    );
    expect(filesBelow(folder)).toEqual(['.k8s-bootstrap-script', 'ORDER.md', 'm1/02-b.sh', 'm1/notes.txt']);
    expect(readFileSync(join(folder, 'ORDER.md'), 'utf8')).toBe('2');
  });

  it('is refused where others have put something, and left as it is', async () => {
    const folder = fresh();
    writeFileSync(join(folder, 'thesis.tex'), 'mine');
    await expect(refuseOtherFolder(folder)).rejects.toThrow(refused(/did not write$/));
    await expect(writeFolder(folder, first)).rejects.toThrow(refused(/did not write$/));
    expect(filesBelow(folder)).toEqual(['thesis.tex']);
    await expect(refuseOtherFolder(join(folder, 'thesis.tex'))).rejects.toThrow(refused(/is no folder$/));
    await refuseOtherFolder(join(folder, 'not-there'));
  });

  it('is refused where a file of somebody else has a name that is needed', async () => {
    const folder = fresh();
    await writeFolder(folder, new Map([['ORDER.md', text('1')]]));
    mkdirSync(join(folder, 'm1'));
    writeFileSync(join(folder, 'm1/01-a.sh'), 'mine');
    await expect(writeFolder(folder, first)).rejects.toThrow(refused(/has a file m1\/01-a\.sh that/));
    expect([
      readFileSync(join(folder, 'ORDER.md'), 'utf8'),
      readFileSync(join(folder, 'm1/01-a.sh'), 'utf8'),
    ]).toEqual(['1', 'mine']);
  });

  it('writes and removes nothing outside, whatever its list says and links lead to', async () => {
    const [folder, other] = [fresh(), fresh()];
    await writeFolder(folder, new Map([['ORDER.md', text('1')]]));
    writeFileSync(join(other, '01-a.sh'), 'mine');
    symlinkSync(other, join(folder, 'm1'));
    const list = readFileSync(join(folder, '.k8s-bootstrap-script'), 'utf8');
    writeFileSync(join(folder, '.k8s-bootstrap-script'), `${list}m1/01-a.sh\n`);
    await expect(writeFolder(folder, first)).rejects.toThrow(refused(/leads elsewhere at m1/));
    writeFileSync(join(folder, '.k8s-bootstrap-script'), `${list}../${other.split('/').at(-1)}/01-a.sh\n`);
    await expect(writeFolder(folder, first)).rejects.toThrow(refused(/names \.\.\//));
    expect(readFileSync(join(other, '01-a.sh'), 'utf8')).toBe('mine');
  });

  it('brings no key to where a link leads, in whatever folder it lies', async () => {
    const other = fresh();
    for (const link of ['m1/secrets', 'm1']) {
      const folder = fresh();
      await writeFolder(folder, new Map([['ORDER.md', text('1')]]));
      mkdirSync(join(folder, dirname(link)), { recursive: true, mode: 0o700 });
      symlinkSync(other, join(folder, link));
      const keys = new Map([['m1/secrets/etc/etcd.key', text('k', 0o600)]]);
      await expect(writeFolder(folder, keys)).rejects.toThrow(refused(new RegExp(`elsewhere at ${link}$`)));
    }
    expect(filesBelow(other)).toEqual([]);
  });

  it('is made for its owner alone, and is refused where others may write', async () => {
    const folder = join(fresh(), 'new');
    await writeFolder(folder, first);
    expect([folder, join(folder, 'm1')].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700]);
    const open = expect.objectContaining({ code: 'E_STATE_PERMISSIONS' }) as Error;
    const again = new Map([...first, ['m1/secrets/other', text('o', 0o600)]]);
    for (const path of ['', 'm1', 'm1/secrets']) {
      for (const mode of [0o720, 0o702]) {
        chmodSync(join(folder, path), mode);
        if (path === '') await expect(refuseOtherFolder(folder), path).rejects.toThrow(open);
        await expect(writeFolder(folder, again), path).rejects.toThrow(open);
      }
      chmodSync(join(folder, path), 0o755);
    }
    expect(existsSync(join(folder, 'm1/secrets/other'))).toBe(false);
    await writeFolder(folder, again);
  });

  it.runIf(process.getuid?.() === 0)('is refused where it is of another user', async () => {
    const open = expect.objectContaining({ code: 'E_STATE_PERMISSIONS' }) as Error;
    for (const path of ['', 'm1']) {
      const folder = fresh();
      await writeFolder(folder, first);
      chownSync(join(folder, path), 12_345, 12_345);
      await expect(writeFolder(folder, first), path).rejects.toThrow(open);
    }
  });
});
