import { expect, it } from 'vitest';
import { readEntries } from '../../../../src/commands/logs/entries.ts';

const line = (fields: object): string =>
  JSON.stringify({ __REALTIME_TIMESTAMP: '1767323045678901', ...fields });

it.each([
  { fields: { SYSLOG_IDENTIFIER: 'etcd', _PID: '12', MESSAGE: 'ready' }, from: 'etcd[12]', message: 'ready' },
  { fields: { UNIT: 'etcd.service', MESSAGE: 'no pid' }, from: 'etcd.service', message: 'no pid' },
  { fields: { _COMM: 'sh', MESSAGE: [27, 91, 104, 105] }, from: 'sh', message: '\u001b[hi' },
  { fields: { _COMM: 'sh', MESSAGE: null }, from: 'sh', message: '(left out)' },
])('$fields is "$message" from $from', ({ fields, from, message }) => {
  expect(readEntries('m1', line(fields))).toEqual([{ host: 'm1', at: 1_767_323_045_678_901, from, message }]);
});

it('leaves out what is no entry', () => {
  expect(readEntries('m1', '-- No entries --\n{"cut\n\n')).toEqual([]);
});

it.each(['never', '9'.repeat(30), undefined])('takes no time of %s', (time) => {
  const [entry] = readEntries('m1', line({ _COMM: 'sh', MESSAGE: 'x', __REALTIME_TIMESTAMP: time }));
  expect(entry?.at).toBe(0);
});
