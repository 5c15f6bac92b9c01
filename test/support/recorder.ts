import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { paths } from '../../src/kernel/host-paths.ts';
import { STATE } from '../../src/resources/steps/functions.ts';
import { MARK } from './hostile.ts';

/** A folder that stands for `/`, with a PATH on which every command does nothing and says so. */
export class Recorder {
  readonly root = mkdtempSync(join(tmpdir(), 'k8sb-hostile-'));
  readonly #bin = join(this.root, 'bin');
  readonly #script = `${this.root}.sh`;

  constructor() {
    mkdirSync(this.#bin);
    writeFileSync(join(this.#bin, 'nothing'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    writeFileSync(join(this.#bin, 'flock'), '#!/bin/sh\ncase $1 in -n) exit 1 ;; esac\n', { mode: 0o755 });
    writeFileSync(join(this.#bin, 'mktemp'), '#!/bin/sh\necho tmp\n', { mode: 0o755 });
    const names =
      'apt-get awk cat chmod chown cmp cp curl cut date dd dirname docker df dpkg-query env exportfs find firewall-cmd grep head id ip iptables kubectl ln ls mkdir modprobe mv printenv readlink restorecon rm rmdir rpm sed setenforce setsebool setsid sha256sum sleep sort ss stat swapoff systemctl tail tar timeout touch tr uname useradd wc yum dnf'.split(
        ' ',
      );
    for (const name of names) symlinkSync('nothing', join(this.#bin, name));
    for (const folder of [
      STATE,
      paths.lockOwner.slice(0, paths.lockOwner.lastIndexOf('/')),
      '/run',
      '/etc',
      '/tmp',
      '/proc/sys/kernel',
      '/usr/local/bin',
      '/opt/cni/bin',
    ])
      mkdirSync(this.#at(folder), { recursive: true });
    mkdirSync(join(this.root, 'tmp'));
  }

  #at(path: string): string {
    return join(this.root, path.replace(/^\//, '@'));
  }

  /** What a script leaves behind that is called like the canary. */
  run(script: string, shell: string): string[] {
    const inside = script
      .replaceAll(/(?<![\w.@])\/(?=(?:bin|etc|home|lib|opt|proc|root|run|sbin|sys|tmp|usr|var)\b)/g, '@')
      .replaceAll(/^PATH=.*$/gm, () => `PATH=${this.#bin}`);
    // An argument of a megabyte is more than the kernel takes.
    writeFileSync(this.#script, `PATH=${this.#bin}; exec 3</dev/null\n${inside}`);
    const { error, status, signal } = spawnSync(shell, [this.#script], {
      cwd: this.root,
      env: {},
      stdio: 'ignore',
      timeout: 20_000,
    });
    expect(error ?? signal ?? status).toSatisfy((end) => typeof end === 'number' && end !== 2);
    const found = readdirSync(this.root, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith(MARK),
    );
    for (const path of found) rmSync(join(this.root, path));
    return found;
  }

  close(): void {
    for (const path of [this.root, this.#script]) rmSync(path, { recursive: true, force: true });
  }
}
