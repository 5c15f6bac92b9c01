import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { checkCacheFolder, checkStateFolder, makeStateFolder } from '../../../src/state/folder.ts';
import { temporaryFolder } from '../pki/support.ts';

const withCode = (code: string): Error => expect.objectContaining({ code }) as Error;

function gitRepository(): { root: string; git: (...args: string[]) => void } {
  const root = temporaryFolder();
  const git = (...args: string[]): void => {
    execFileSync('git', args, { cwd: root, stdio: 'ignore' });
  };
  git('init');
  return { root, git };
}

describe('making', () => {
  it('closes the folder and hides it from git, whatever the umask', async () => {
    const folder = join(temporaryFolder(), 'a', 'b');
    await makeStateFolder(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('*\n');
  });

  it('leaves what somebody wrote into .gitignore', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, '.gitignore'), '*\n!notes\n');
    await makeStateFolder(folder);
    expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('*\n!notes\n');
  });

  it('inside a work tree leaves nothing for git to add', async () => {
    const { root, git } = gitRepository();
    const folder = join(root, '.k8s-bootstrap', 'kubernetes');
    await makeStateFolder(folder);
    writeFileSync(join(folder, 'ca.key'), 'secret');
    git('add', '-A');
    await expect(checkStateFolder(folder)).resolves.toBeUndefined();
  });
});

describe('checking', () => {
  it('accepts and does not make a folder that is not there', async () => {
    const folder = join(temporaryFolder(), 'none');
    await checkStateFolder(folder);
    expect(existsSync(folder)).toBe(false);
  });

  it.each([0o750, 0o701, 0o777])('refuses mode %o', async (mode) => {
    const folder = temporaryFolder();
    chmodSync(folder, mode);
    await expect(checkStateFolder(folder)).rejects.toThrow(withCode('E_STATE_PERMISSIONS'));
  });

  it.runIf(process.geteuid?.() === 0)('refuses what another user owns, but for who called sudo', async () => {
    const folder = temporaryFolder();
    chownSync(folder, 12_345, 12_345);
    vi.stubEnv('SUDO_UID', undefined);
    await expect(checkStateFolder(folder)).rejects.toThrow(/another user \(uid 12345\)/);
    vi.stubEnv('SUDO_UID', '12346');
    await expect(checkStateFolder(folder)).rejects.toThrow(withCode('E_STATE_PERMISSIONS'));
    vi.stubEnv('SUDO_UID', '12345');
    await expect(checkStateFolder(folder)).resolves.toBeUndefined();
    vi.unstubAllEnvs();
  });

  it('refuses a folder git tracks a file of, also through a link and when the file is gone', async () => {
    const { root, git } = gitRepository();
    const folder = join(root, 'state');
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(join(folder, 'ca.key'), 'secret');
    git('add', '-f', 'state/ca.key');
    await expect(checkStateFolder(folder)).rejects.toThrow(withCode('E_STATE_TRACKED'));
    await expect(checkStateFolder(folder)).rejects.toThrow('state/ca.key');

    const link = join(temporaryFolder(), 'link');
    symlinkSync(folder, link);
    await expect(checkStateFolder(link)).rejects.toThrow(withCode('E_STATE_TRACKED'));

    rmSync(folder, { recursive: true });
    await expect(checkStateFolder(folder)).rejects.toThrow(withCode('E_STATE_TRACKED'));
  });

  it.each<[string, (git: (...args: string[]) => void) => void]>([
    [
      'that shortens names',
      (git) => {
        git('update-index', '--index-version', '4');
      },
    ],
    [
      'that is split',
      (git) => {
        git('update-index', '--split-index');
      },
    ],
  ])('refuses it in an index %s', async (_what, change) => {
    const { root, git } = gitRepository();
    const folder = join(root, 'state');
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(join(folder, 'ca.key'), 'secret');
    writeFileSync(join(root, 'start'), '');
    git('add', '-f', '.');
    change(git);
    await expect(checkStateFolder(folder)).rejects.toThrow(withCode('E_STATE_TRACKED'));
  });

  it('does not start git for a folder that the index does not name', async () => {
    const { root, git } = gitRepository();
    writeFileSync(join(root, 'inventory.yaml'), 'x');
    git('add', '-A');
    const started = join(root, 'started');
    const fake = temporaryFolder();
    writeFileSync(join(fake, 'git'), `#!/bin/sh\n: > ${started}\n`, { mode: 0o755 });
    vi.stubEnv('PATH', fake);
    const folder = join(root, 'state');
    mkdirSync(folder, { mode: 0o700 });
    await checkStateFolder(folder);
    expect(existsSync(started)).toBe(false);
    await checkStateFolder(root);
    expect(existsSync(started)).toBe(true);
    vi.unstubAllEnvs();
  });

  it('asks for this folder only, whatever its name', async () => {
    const { root, git } = gitRepository();
    writeFileSync(join(root, 'inventory.yaml'), 'x');
    git('add', '-A');
    const folder = join(root, '*');
    mkdirSync(folder, { mode: 0o700 });
    await expect(checkStateFolder(folder)).resolves.toBeUndefined();
  });

  it('runs no program that the repository names', async () => {
    const { root, git } = gitRepository();
    const proof = join(root, 'proof');
    git('config', 'core.fsmonitor', `touch ${proof}; false`);
    const folder = join(root, 'state');
    mkdirSync(folder, { mode: 0o700 });
    await checkStateFolder(folder);
    expect(existsSync(proof)).toBe(false);
  });

  it('runs nothing to fetch what the repository lacks, and still sees what a sparse index leaves out', async () => {
    const { root, git } = gitRepository();
    const proof = join(root, 'proof');
    const folder = join(root, 'away', 'state');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, 'ca.key'), 'secret');
    mkdirSync(join(root, 'here'));
    writeFileSync(join(root, 'here', 'start'), '');
    git('add', '-f', 'away', 'here');
    git('-c', 'user.name=a', '-c', 'user.email=a@example.org', 'commit', '-m', 'all');
    git('sparse-checkout', 'set', '--cone', '--sparse-index', 'here');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    rmSync(join(root, '.git/objects'), { recursive: true });
    mkdirSync(join(root, '.git/objects'));
    git('config', 'core.repositoryFormatVersion', '1');
    git('config', 'extensions.partialClone', 'origin');
    git('config', 'remote.origin.url', root);
    git('config', 'remote.origin.promisor', 'true');
    git('config', 'remote.origin.uploadpack', `touch ${proof}; false`);
    const answer = await checkStateFolder(folder).catch(String);
    expect(existsSync(proof)).toBe(false);
    expect(answer).toContain('git tracks away/');
    await checkStateFolder(join(root, 'new'));
    expect(existsSync(proof)).toBe(false);
  });

  it('reads the index of a further work tree, and one of SHA-256', async () => {
    const root = temporaryFolder();
    const git = (...args: string[]): void => {
      execFileSync('git', args, { cwd: root, stdio: 'ignore' });
    };
    git('init', '--object-format=sha256', 'main');
    git('-C', 'main', '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '--allow-empty', '-m', 'a');
    git('-C', 'main', 'worktree', 'add', '../further');
    const folder = join(root, 'further', 'state');
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(join(folder, 'ca.key'), 'secret');
    git('-C', 'further', 'add', '-f', 'state/ca.key');
    await expect(checkStateFolder(folder)).rejects.toThrow('state/ca.key');
  });
});

describe('checking a cache', () => {
  it('lets others read it, and refuses who else may write', async () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o755);
    await expect(checkCacheFolder(folder)).resolves.toBeUndefined();
    chmodSync(folder, 0o775);
    await expect(checkCacheFolder(folder)).rejects.toThrow(withCode('E_STATE_PERMISSIONS'));
  });

  it('refuses one that came with a repository', async () => {
    const { root, git } = gitRepository();
    const folder = join(root, 'cache');
    mkdirSync(folder);
    writeFileSync(join(folder, 'kubelet'), 'x');
    git('add', '-f', 'cache/kubelet');
    await expect(checkCacheFolder(folder)).rejects.toThrow('git tracks cache/kubelet');
  });
});
