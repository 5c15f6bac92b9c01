import { describe, expect, it } from 'vitest';
import type { Answer } from '../../../../src/answers/answers.ts';
import { answerText } from '../../../../src/report/answers/text.ts';
import { everyText } from '../../../../src/report/printable.ts';
import { rig } from '../support.ts';
import { plainly, verbosely } from './how.ts';
import { answers } from './samples.ts';

const named = answers.map((one): [string, Answer] => [one.answer, one]);

describe.each(named)('the answer of %s', (_, answer) => {
  it('is a text of whole lines, with nothing undefined in it', () => {
    for (const how of [plainly, verbosely]) {
      const text = answerText(answer, how);
      expect(text).toMatch(/^[^]+[^\n]\n$/);
      expect(text).not.toMatch(/undefined|NaN|\[object/);
    }
  });

  it('is as written down, and with --verbose', async () => {
    const [plain, verbose] = [answerText(answer, plainly), answerText(answer, verbosely)];
    const text = plain === verbose ? plain : `${plain}--verbose:\n${verbose}`;
    await expect(text).toMatchFileSnapshot(`../../../golden/report/answers/${answer.answer}.txt`);
  });

  it('is its name and its data in NDJSON', async () => {
    const { tell, reporter, stdout } = rig({ format: 'json' });
    tell({ type: 'result', ...answer });
    await reporter.close();
    expect(JSON.parse(stdout.text())).toEqual({
      type: 'result',
      answer: answer.answer,
      data: answer.data,
      at: '2026-01-02T03:04:05.678Z',
    });
    expect(stdout.text()).toMatch(/^\{"type":"result","answer":"[a-z-]+","data":\{/);
  });

  it('cannot draw on a terminal, whatever hosts say', async () => {
    const { tell, reporter, stdout } = rig({ verbose: true });
    const hostile = everyText(answer.data, (text) => `${text}\u001b[2J\r\u202e`);
    tell({ type: 'result', answer: answer.answer, data: hostile } as Answer & { type: 'result' });
    await reporter.close();
    expect(stdout.text()).toContain('\\u001b[2J\\r\\u202e');
    // eslint-disable-next-line no-control-regex -- what must not be there
    expect(stdout.text()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });

  it('is told also when all its words are masked', () => {
    const masked = everyText(answer, () => '***');
    expect(answerText({ ...answer, data: masked.data } as Answer, verbosely)).toContain('***');
  });
});
