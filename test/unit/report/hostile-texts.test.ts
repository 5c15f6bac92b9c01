import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openLogFile } from '../../../src/report/log-file.ts';
import { hostileTexts, quickly } from '../../support/hostile.ts';
import { everyEvent } from './every-event.ts';
import { NOW, rig } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'k8s-bootstrap-report-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** What some terminal obeys, or what turns around what is read; \u009b is ESC [ to those that know C1. */
const ORDERS = /(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/u;
const texts = {
  ...hostileTexts,
  'a text that is turned around': '\u202edlrow\u2066 \u2028\u200f\u{e0041}\u009d0;t\u009c\u007f',
};

describe.each(['plain', 'json'] as const)('what is told as %s, and its log', (format) => {
  it.each(Object.entries(texts).filter(([name]) => name !== 'a megabyte'))(
    'orders nothing of a terminal, with %s in it',
    async (_, text) => {
      const logFile = openLogFile(folder, { command: 'up', now: NOW });
      const { tell, reporter, stdout, stderr } = rig({ format, verbose: true, logFile });
      tell(...everyEvent(text));
      await reporter.close();
      const said = stdout.text() + stderr.text() + readFileSync(logFile.path, 'utf8');
      expect(ORDERS.exec(said)).toBeNull();
      expect(said).toContain('error');
    },
  );

  it('is told at once, with a megabyte in it', async () => {
    const { tell, reporter, stdout } = rig({ format });
    const [error] = everyEvent(hostileTexts['a megabyte'] ?? '').filter(({ type }) => type === 'run.failed');
    await quickly(async () => {
      tell(error!);
      await reporter.close();
    });
    expect(stdout.text()).not.toMatch(ORDERS);
  });
});

it('JSON says the same, whatever is escaped in it', async () => {
  const { tell, reporter, stdout } = rig({ format: 'json' });
  const message = Object.values(texts).slice(0, -2).join('') + texts['a text that is turned around'];
  tell({ type: 'note', level: 'warn', message });
  await reporter.close();
  expect(JSON.parse(stdout.text())).toMatchObject({ message });
});
