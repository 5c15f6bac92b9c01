import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { tmpdir, userInfo } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BootstrapError } from '../../../src/kernel/errors.ts';
import { fullName, imageTags, registryOf } from '../../../src/resources/image-tag.ts';
import { packagedService } from '../../../src/resources/packaged-service.ts';
import type { Change, Resource } from '../../../src/resources/resource.ts';
import { selinuxBoolean } from '../../../src/resources/selinux-boolean.ts';
import { folderSights, sharedFolders } from '../../../src/resources/nfs/shared-folder.ts';
import { INTO } from '../../../src/resources/steps/into.ts';
import { PRIVATE_TMP } from '../../support/private-tmp.ts';
import { shells } from '../../support/shells.ts';
import { sight } from '../phases/world.ts';

const NOTHING = new Map<string, Change>();
const answering = (key: string, output: string, code = 0) => sight({ answers: { [key]: { code, output } } });

describe.each(shells)('shared folders, by $name', ({ path: shell }) => {
  const { username } = userInfo();
  const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'k8sb-shared-'))));
  afterEach(() => {
    rmSync(root, { recursive: true });
  });
  const folders = (...names: string[]): Resource[] =>
    sharedFolders(names.map((name) => ({ path: join(root, name), mode: '0777', owner: username, group })));
  const run = (script: string): string => execFileSync(shell, ['-c', script], { encoding: 'utf8' });
  const look = ([first]: readonly Resource[]) => {
    const [watch] = first!.watches;
    return answering(
      'shared-folders',
      watch?.kind === 'answer' ? run(`export LC_ALL=C\n${watch.script}`) : '',
    );
  };
  const make = async (resource: Resource, seen: ReturnType<typeof look>): Promise<void> => {
    for (const step of await resource.steps(resource.diff(seen, NOTHING), seen)) {
      if (step.op === 'run') run(`set -e\numask 077\n${PRIVATE_TMP}${INTO}\nlabel() { :; }\n${step.script}`);
    }
  };

  it.each([
    'plain',
    'a b',
    "it's #1",
    'ä "q"',
    'ends in a blank ',
    'p|pe',
    'back\\slash',
    '$HOME',
    'sub/in it',
  ])('makes %j, and nothing more the second time', async (name) => {
    const all = folders(name, 'other');
    const before = look(all);
    expect(all[0]!.diff(before, NOTHING)).toEqual({
      kind: 'create',
      summary: `folder 0777 ${username}:${group}`,
    });
    await make(all[0]!, before);
    const after = look(all);
    expect(all[0]!.diff(after, NOTHING)).toEqual({ kind: 'none', why: 'as wanted' });
    expect(all[1]!.diff(after, NOTHING).kind).toBe('create');
    if (name.includes('/')) expect(statSync(join(root, 'sub')).mode & 0o777).toBe(0o755);
  });

  it('leaves mode and owner of a folder that is there, where nobody asked for others', async () => {
    mkdirSync(join(root, 'data'));
    chmodSync(join(root, 'data'), 0o750);
    const asked = { mode: undefined, owner: undefined, group: undefined };
    const [there, fresh] = sharedFolders(
      ['data', 'new'].map((name) => ({ path: join(root, name), ...asked })),
    );
    const seen = look([there!]);
    expect(there!.diff(seen, NOTHING)).toEqual({ kind: 'none', why: 'as wanted' });
    expect(fresh!.diff(seen, NOTHING)).toEqual({ kind: 'create', summary: 'folder 0777 root:root' });
    const [owned] = sharedFolders([{ path: join(root, 'data'), ...asked, mode: '0700' }]);
    await make(owned!, seen);
    expect(statSync(join(root, 'data')).mode & 0o777).toBe(0o700);
  });

  it('does not open a folder that somebody else has made meanwhile', async () => {
    const all = folders('data');
    const before = look(all);
    mkdirSync(join(root, 'data'), { mode: 0o700 });
    await expect(make(all[0]!, before)).rejects.toThrow();
    expect(statSync(join(root, 'data')).mode & 0o777).toBe(0o700);
  });

  it('follows no link that was put there between look and step', async () => {
    for (const name of ['victim', 'outer/inner']) mkdirSync(join(root, name), { recursive: true });
    for (const name of ['victim', 'outer/inner']) chmodSync(join(root, name), 0o700);
    const all = folders('outer/inner');
    const before = look(all);
    rmSync(join(root, 'outer/inner'), { recursive: true });
    symlinkSync(join(root, 'victim'), join(root, 'outer/inner'));
    await expect(make(all[0]!, before)).rejects.toThrow();
    expect(statSync(join(root, 'victim')).mode & 0o777).toBe(0o700);
  });

  it('makes nothing by way of a link that was put above', async () => {
    mkdirSync(join(root, 'victim'));
    const all = folders('outer/inner/deep');
    const before = look(all);
    symlinkSync(join(root, 'victim'), join(root, 'outer'));
    await expect(make(all[0]!, before)).rejects.toThrow();
    expect(readdirSync(join(root, 'victim'))).toEqual([]);
  });

  it.each([0o777, 0o1777, 0o775])('sets up nothing in a folder of others, of mode %i', async (mode) => {
    mkdirSync(join(root, 'outer/inner'), { recursive: true });
    chmodSync(join(root, 'outer/inner'), 0o700);
    chmodSync(join(root, 'outer'), mode);
    const all = folders('outer/inner', 'outer/new');
    const before = look(all);
    for (const one of all) await expect(make(one, before)).rejects.toThrow();
    expect(statSync(join(root, 'outer/inner')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(root, 'outer'))).toEqual(['inner']);
  });

  it('tells where a path really leads, and whether there are files', () => {
    mkdirSync(join(root, 'full'));
    writeFileSync(join(root, 'full', 'file'), '');
    mkdirSync(join(root, 'fresh disk/lost+found'), { recursive: true });
    symlinkSync(join(root, 'full'), join(root, 'link'));
    const names = ['full', 'fresh disk', 'link', 'link/below', 'missing'];
    expect(
      folderSights(
        look(folders(...names)),
        names.map((name) => join(root, name)),
      ),
    ).toEqual([
      { real: join(root, 'full'), hasFiles: true },
      { real: join(root, 'fresh disk'), hasFiles: false },
      { real: join(root, 'full'), hasFiles: true },
      { real: join(root, 'full/below'), hasFiles: false },
      { real: join(root, 'missing'), hasFiles: false },
    ]);
  });

  it('takes no answer for a line break in the name of a link', () => {
    mkdirSync(join(root, 'a\nb'));
    symlinkSync(join(root, 'a\nb'), join(root, 'link'));
    expect(folderSights(look(folders('link')), [join(root, 'link')])[0]?.real).toBeUndefined();
  });

  it('sets the mode of the folder, and of nothing in it', async () => {
    mkdirSync(join(root, 'data/inner'), { recursive: true });
    chmodSync(join(root, 'data/inner'), 0o700);
    chmodSync(join(root, 'data'), 0o750);
    const all = folders('data');
    expect(all[0]!.diff(look(all), NOTHING)).toEqual({ kind: 'update', summary: 'mode 0750 → 0777' });
    await make(all[0]!, look(all));
    expect(statSync(join(root, 'data')).mode & 0o777).toBe(0o777);
    expect(statSync(join(root, 'data/inner')).mode & 0o777).toBe(0o700);
  });

  it('takes a number for an owner', () => {
    mkdirSync(join(root, 'data'));
    chmodSync(join(root, 'data'), 0o777);
    const { uid, gid } = statSync(join(root, 'data'));
    const all = sharedFolders([
      { path: join(root, 'data'), mode: '0777', owner: String(uid), group: String(gid) },
    ]);
    expect(all[0]!.diff(look(all), NOTHING).kind).toBe('none');
  });

  it('leaves a link alone', () => {
    symlinkSync('/tmp', join(root, 'data'));
    const all = folders('data');
    const seen = look(all);
    const change = all[0]!.diff(seen, NOTHING);
    expect(() => all[0]!.steps(change, seen)).toThrow(BootstrapError);
    expect(() => all[0]!.steps(change, seen)).toThrow(/is a symbolic link/);
  });
});

describe('a service of a package', () => {
  const resource = packagedService({
    unit: 'x.service',
    restartOn: ['file:/etc/x'],
    reasons: (seen) => (seen.answer('x')?.output === 'off' ? ['it is off'] : []),
  });
  const unit = (active: string, enabled: string, load = 'loaded') =>
    sight({ units: { 'x.service': { active, enabled, load } } });
  const verbs = async (seen: ReturnType<typeof unit>): Promise<string[]> =>
    (await resource.steps(resource.diff(seen, NOTHING), seen)).map((step) =>
      step.op === 'unit' ? step.verb : step.op,
    );

  it.each(['enabled', 'indirect', 'static'])('runs and is %s: nothing to do', (enabled) => {
    expect(resource.diff(unit('active', enabled), NOTHING).kind).toBe('none');
  });
  it('is started, enabled and unmasked', async () => {
    expect(resource.diff(unit('inactive', 'disabled'), NOTHING)).toMatchObject({
      kind: 'restart',
      because: ['it is not running'],
      interrupts: false,
    });
    expect(await verbs(unit('inactive', 'masked', 'masked'))).toEqual(['unmask', 'enable', 'restart']);
    expect(await verbs(unit('active', 'disabled'))).toEqual(['enable']);
  });
  it('is restarted for what changes and for what was seen', () => {
    const changed = new Map<string, Change>([['file:/etc/x', { kind: 'update', summary: '' }]]);
    expect(resource.diff(unit('active', 'enabled'), changed)).toMatchObject({ because: ['/etc/x changes'] });
    const seen = sight({
      units: { 'x.service': { active: 'active', enabled: 'enabled' } },
      answers: { x: { code: 0, output: 'off' } },
    });
    expect(resource.diff(seen, NOTHING)).toMatchObject({ because: ['it is off'], interrupts: true });
  });
});

describe('a switch of SELinux', () => {
  const resource = selinuxBoolean('nfs_export_all_rw');
  it.each([
    ['0 0', 'update'],
    ['1 1', 'none'],
    ['', 'none'],
  ])('that reads %j: %s', (output, kind) => {
    expect(resource.diff(answering('selinux:nfs_export_all_rw', output), NOTHING).kind).toBe(kind);
  });
});

describe('images under another name', () => {
  const tag = (runtime: 'docker' | 'containerd', insecure = false, login?: string) =>
    imageTags([{ runtime, image: 'quay.io/x/p:v1', from: 'mirror.example.com/p:v1', insecure, login }])[0]!;
  const scriptOf = async (resource: Resource): Promise<string> => {
    const seen = answering('images:docker', '');
    const [step] = await resource.steps(resource.diff(seen, NOTHING), seen);
    return step?.op === 'run' ? step.script : '';
  };

  it.each([
    ['docker', 'quay.io/x/p:v1\nbusybox:latest', 'none'],
    ['docker', 'quay.io/x/p:v2', 'create'],
    ['containerd', 'sha256:aa\nquay.io/x/p:v1\n', 'none'],
    ['containerd', '', 'create'],
  ] as const)('in %s that has %j: %s', (runtime, output, kind) => {
    expect(tag(runtime).diff(answering(`images:${runtime}`, output), NOTHING).kind).toBe(kind);
  });

  it('cannot be told while the runtime does not answer', () => {
    expect(tag('docker').diff(answering('images:docker', '', 127), NOTHING)).toMatchObject({
      kind: 'unknown',
      waitsFor: 'the answer of docker',
    });
  });

  it('are pulled and named by the runtime’s own command', async () => {
    expect(await scriptOf(tag('docker'))).toBe(
      'docker pull mirror.example.com/p:v1 > /dev/null\ndocker tag mirror.example.com/p:v1 quay.io/x/p:v1',
    );
    expect(await scriptOf(tag('containerd'))).toBe(
      'ctr -n k8s.io images pull mirror.example.com/p:v1 > /dev/null\nctr -n k8s.io images tag --force mirror.example.com/p:v1 quay.io/x/p:v1 > /dev/null',
    );
    expect(await scriptOf(tag('containerd', true))).toContain('--plain-http');
  });

  it.each([
    ['busybox', 'docker.io/library/busybox:latest'],
    ['a/b:1', 'docker.io/a/b:1'],
    ['quay.io/a/b', 'quay.io/a/b:latest'],
    ['198.18.0.254:5000/p:3.1', '198.18.0.254:5000/p:3.1'],
    ['198.18.0.254:5000/p', '198.18.0.254:5000/p:latest'],
    ['localhost/p', 'localhost/p:latest'],
    ['quay.io/a@sha256:ab', 'quay.io/a@sha256:ab'],
  ])('%s is %s in full', (image, full) => {
    expect(fullName(image)).toBe(full);
  });

  it('come from a registry', () => {
    expect(['busybox', '198.18.0.254:5000/p', 'quay.io/a'].map(registryOf)).toEqual([
      'docker.io',
      '198.18.0.254:5000',
      'quay.io',
    ]);
  });
});
