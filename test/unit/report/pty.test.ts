import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { quote } from '../../../src/kernel/quote.ts';
import { Screen } from '../../support/screen.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { still } from './terminal.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

interface Seen {
  readonly code: number;
  readonly text: string;
  readonly screens: readonly string[];
}

/** The program on a real terminal, which `script` of util-linux makes. */
function onPty(words: readonly string[], folder: string, columns: number, rows: number): Promise<Seen> {
  const screen = new Screen(columns, rows);
  const screens: string[] = [];
  const command = ['node', '--import', 'tsx', join(root, 'src/cli/main.ts'), ...words].map(quote).join(' ');
  const line = `stty cols ${columns} rows ${rows}; exec ${command}`;
  const env = { PATH: process.env['PATH'], HOME: folder, TERM: 'xterm', LC_ALL: 'C.UTF-8', PASSWORD: 'none' };
  return new Promise((resolve, reject) => {
    const child = spawn('script', ['-qefc', line, '/dev/null'], {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      screen.write(text);
      screens.push(screen.window().join('\n'));
    });
    child.on('error', (cause) => {
      reject(new Error('there is no `script` on this machine: install util-linux', { cause }));
    });
    child.on('close', (code) => {
      resolve({ code: code ?? -1, text: still(screen.text()), screens: screens.map(still) });
    });
  });
}

/** Hosts that refuse every connection. */
function nowhere(count: number): { folder: string; file: string } {
  const folder = temporaryFolder();
  const file = join(folder, 'inventory.yaml');
  const hosts = Array.from({ length: count }, (_, index) => ({
    name: `w${index + 1}`,
    address: `127.0.0.${index + 1}`,
    ip: `192.0.2.${index + 1}`,
    roles: index === 0 ? ['master', 'etcd'] : ['worker'],
    ssh: { port: 1, agent: false, keys: [], password: '${env:PASSWORD}' },
  }));
  writeFileSync(file, JSON.stringify({ name: 'nowhere', hosts }));
  return { folder, file };
}

const SIZES = [
  [80, 24],
  [200, 50],
] as const;

describe.each(SIZES)('a terminal of %i columns and %i lines', (columns, rows) => {
  test('one host that refuses: its cause once, what that means, what helps', async () => {
    const { folder, file } = nowhere(1);
    const { code, text, screens } = await onPty(
      ['up', file, '--accept-new-host-keys'],
      folder,
      columns,
      rows,
    );
    expect(code, text).toBe(1);
    expect(text.match(/refuses connections/g), text).toHaveLength(1);
    expect(text.match(/ECONNREFUSED/g), text).toHaveLength(1);
    expect(text.split('\n')).toContain('✖ Looking at 1 host: failed on w1 (T s)');
    expect(text).toContain('error E_UNREACHABLE: w1 cannot be reached');
    expect(text).not.toContain('(stopped');
    expect(text).toMatch(/\nNext:\n {2}k8s-bootstrap status -i \S+[^]* {2}k8s-bootstrap up \S+$/);
    expect(
      screens.some((screen) => /^\* Looking at 1 host {2}0 s\n {2}\* w1 {2}connecting/m.test(screen)),
    ).toBe(true);
  });

  test('thirty hosts fit, and leave nothing of what was drawn', async () => {
    const { folder, file } = nowhere(30);
    const { code, text, screens } = await onPty(
      ['up', file, '--accept-new-host-keys'],
      folder,
      columns,
      rows,
    );
    expect(code, text).toBe(1);
    expect(text.match(/^error E_CONNECT_REFUSED/gm)).toHaveLength(30);
    expect(text.match(/^[✔✖↓*].*$/gm)).toEqual(['✖ Looking at 30 hosts: failed on 30 hosts (T s)']);
    expect(text).not.toMatch(/^ {2}[*✔✖›↓] /m);
    expect(text).not.toContain('the live view failed');
    expect(text).not.toContain('Warning');
    const all = /^\* Looking at 30 hosts {2}0 s\n( {2}\S w\d+ .*\n){30}/m;
    const some = /^\* Looking at 30 hosts {2}0 s\n( {2}\S w\d+ .*\n){21} {2}… and 9 more \(.*\)$/m;
    expect(screens.some((screen) => (rows > 32 ? all : some).test(screen))).toBe(true);
  });
});
