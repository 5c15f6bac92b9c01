import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { kubectl } from '../../../src/resources/cluster/kube-api.ts';

const SOURCES = join(import.meta.dirname, '../../../src');
/** Downloads go through the web proxy: that is what it is for. */
const DOWNLOADS = 'resources/steps/files.ts';

it('no curl on a host asks the cluster through a web proxy', () => {
  const asking = readdirSync(SOURCES, { encoding: 'utf8', recursive: true })
    .filter((file) => file.endsWith('.ts') && file !== DOWNLOADS)
    .flatMap((file) => readFileSync(join(SOURCES, file), 'utf8').split('\n'))
    .filter((line) => /\bcurl -/.test(line));
  expect(asking.length).toBeGreaterThan(2);
  expect(asking.filter((line) => !line.includes("--noproxy '*'"))).toEqual([]);
});

it('kubectl on a host goes past what /etc/environment names', () => {
  expect(kubectl).toMatch(/^env -u HTTPS_PROXY -u https_proxy \/usr\/local\/bin\/kubectl /);
});
