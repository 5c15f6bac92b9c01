import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLogFile } from '../../../src/report/log-file.ts';
import { aRun, NOW, rig } from './support.ts';

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'k8s-bootstrap-log-')), 'logs');
});
afterEach(() => {
  rmSync(join(folder, '..'), { recursive: true });
});

test('holds every event with its time and the text of plan and summary, readable only by its owner', async () => {
  const logFile = openLogFile(folder, { command: 'certs renew', now: NOW });
  expect(statSync(logFile.path).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(logFile.path).toMatch(/2026-01-02T03-04-05-678Z-certs-renew-[0-9a-f]{8}\.ndjson$/);
  const { tell, reporter } = rig({ logFile });
  tell(...aRun());
  await reporter.close();
  const entries = readFileSync(logFile.path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; at?: string; text?: string; milliseconds?: number });
  expect(entries.filter(({ type }) => type !== 'text').map(({ type }) => type)).toEqual(
    aRun().map(({ type }) => type),
  );
  expect(entries.filter(({ type }) => type !== 'text').every(({ at }) => at === NOW.toISOString())).toBe(
    true,
  );
  const text = entries.flatMap((entry) => entry.text ?? []);
  expect(text).toContain('Expected interruption: etcd.service on m1.');
  expect(text).toContain('Slowest steps:');
});

test('the newest 20 logs stay, and files that are no logs of ours', () => {
  for (let day = 10; day < 35; day += 1) {
    openLogFile(folder, { command: 'up', now: new Date(Date.UTC(2025, 0, day)) }).close();
  }
  writeFileSync(join(folder, 'notes.txt'), 'mine');
  openLogFile(folder, { command: 'plan', now: NOW }).close();
  const names = readdirSync(folder).sort();
  expect(names).toContain('notes.txt');
  expect(names).toHaveLength(21);
  expect(names[0]).toMatch(/^2025-01-16T/);
  expect(names.at(-2)).toMatch(/^2026-01-02T.*-plan-/);
});

test('a new log survives a clock that was set back', () => {
  for (let day = 1; day <= 20; day += 1) {
    openLogFile(folder, { command: 'up', now: new Date(Date.UTC(2027, 0, day)) }).close();
  }
  const { path } = openLogFile(folder, { command: 'up', now: NOW });
  expect(readdirSync(folder)).toHaveLength(20);
  expect(readdirSync(folder)).toContain(basename(path));
});

test('a log that can no longer be written does not fail the run; the reporter says so', async () => {
  const logFile = openLogFile(folder, { command: 'up', now: NOW });
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  logFile.append(circular);
  expect(logFile.problem).toContain('circular');
  const { tell, reporter, stderr } = rig({ logFile });
  tell({ type: 'note', level: 'info', message: 'goes on' });
  await reporter.close();
  expect(stderr.text()).toMatch(/^goes on\nwarning: the log file .* is incomplete: /);
  expect(readFileSync(logFile.path, 'utf8')).toBe('');
});
