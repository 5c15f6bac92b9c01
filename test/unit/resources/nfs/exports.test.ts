import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXPORTS_FILE, exportTable, foreignExports } from '../../../../src/resources/nfs/exports.ts';
import { escaped, exportsText, parseExports } from '../../../../src/resources/nfs/exports-text.ts';
import type { Change } from '../../../../src/resources/resource.ts';
import { sight } from '../../phases/world.ts';

const NOTHING = new Map<string, Change>();

describe('the file of exports', () => {
  it('has a line a path, and no blank before a parenthesis', () => {
    const clients = [
      { match: '192.168.139.0/24', options: ['rw', 'sync'] },
      { match: '2001:db8::/64', options: ['ro'] },
    ];
    expect(
      exportsText([{ path: '/nfsdata', clients }])
        .split('\n')
        .slice(1),
    ).toEqual(['/nfsdata 192.168.139.0/24(rw,sync) 2001:db8::/64(ro)', '']);
  });

  it.each([
    ['/plain-1.2_x', '/plain-1.2_x'],
    ['/a b', '/a\\040b'],
    ['/c#', '/c\\043'],
    ['/"quoted"', '/\\042quoted\\042'],
    ['/back\\slash', '/back\\134slash'],
    ['/a(b)', '/a\\050b\\051'],
    ['/ä', '/\\303\\244'],
  ])('writes %j as %s', (path, expected) => {
    expect(escaped(path)).toBe(expected);
  });

  it('says what it was made of, whatever is in a path', () => {
    const path = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
      // eslint-disable-next-line no-control-regex -- such paths are refused by a rule, as are octal numbers
      .filter((name) => !/[\u0000-\u001f\u007f/]|\\[0-7]{3}/.test(name))
      .map((name) => `/${name}`);
    const client = fc.record({
      match: fc.constantFrom('192.168.139.0/24', '2001:db8::5', '*.example.com', '@hosts', '*', 'node1'),
      options: fc.uniqueArray(fc.constantFrom('rw', 'sync', 'no_root_squash', 'anonuid=5', 'sec=sys'), {
        minLength: 1,
      }),
    });
    const lines = fc.array(fc.record({ path, clients: fc.array(client, { minLength: 1, maxLength: 4 }) }));
    fc.assert(
      fc.property(lines, (wanted) => {
        const read = parseExports(exportsText(wanted));
        expect(read.map(({ path: at, match, options }) => ({ at, match, options }))).toEqual(
          wanted.flatMap(({ path: at, clients }) => clients.map((one) => ({ at, ...one }))),
        );
      }),
    );
  });
});

describe('files of others', () => {
  it('are read as exportfs reads them', () => {
    const text = [
      '# comment',
      '"/with blank" -ro,sync a.example.com b(rw) # more',
      '/continued \\',
      '  192.0.2.0/24(ro)',
      '/everybody',
      '/blank 192.0.2.0/24 (rw)',
    ].join('\n');
    const found = parseExports(text).map(({ path, match, options, line }) => [
      path,
      match,
      options.join(),
      line,
    ]);
    expect(found).toEqual([
      ['/with blank', 'a.example.com', 'ro,sync', 2],
      ['/with blank', 'b', 'ro,sync,rw', 2],
      ['/continued', '192.0.2.0/24', 'ro', 3],
      ['/everybody', '*', '', 5],
      ['/blank', '192.0.2.0/24', '', 6],
      ['/blank', '*', 'rw', 6],
    ]);
  });

  it('are told by name and line', () => {
    const output =
      '== file /etc/exports\n\n/a *(ro)\n\n== file /etc/exports.d/x.exports\n/b *(rw)\n\n== table\n/c\t*(rw)';
    const seen = sight({ answers: { exports: { code: 0, output } } });
    expect(foreignExports(seen).map(({ file, line, path }) => `${file}:${line} ${path}`)).toEqual([
      '/etc/exports:2 /a',
      '/etc/exports.d/x.exports:1 /b',
    ]);
  });
});

describe('exportfs', () => {
  const lines = [
    {
      path: '/srv/a b',
      clients: [
        { match: '192.0.2.0/24', options: ['rw', 'sync', 'no_root_squash', 'no_subtree_check'] },
        { match: 'node1', options: ['ro'] },
      ],
    },
  ];
  const resource = exportTable(lines, 'nfs-server.service');
  const whyIn = (output: string, upstream: ReadonlyMap<string, Change> = NOTHING): string => {
    const change = resource.diff(sight({ answers: { exports: { code: 0, output } } }), upstream);
    return change.kind === 'none' ? change.why : change.summary;
  };
  // As nfs-utils 1.3.0 and 2.6.2 print it.
  const more = 'wdelay,hide,nocrossmnt,secure';
  const table = [
    '== table',
    `/srv/a\\040b\t192.0.2.0/24(rw,sync,${more},no_root_squash,no_all_squash,no_subtree_check,secure_locks,acl,no_pnfs,anonuid=65534,anongid=65534,sec=sys,rw,secure,no_root_squash,no_all_squash)`,
    `/srv/a\\040b\tnode1.example.com(ro,sync,${more},root_squash,no_all_squash,no_subtree_check)`,
    '/others\t*(ro,sync)',
  ].join('\n');

  it('is not run while the table is as the file has it', () => {
    expect(whyIn(table)).toBe('as the file has it');
  });

  it.each([
    [
      'the table is empty',
      '== table\n',
      '/srv/a b is not exported to 192.0.2.0/24, /srv/a b is not exported to node1',
    ],
    ['a client is gone', table.replace(/.*192.*\n/, ''), '/srv/a b is not exported to 192.0.2.0/24'],
    [
      'options differ',
      table.replaceAll('no_root_squash', 'root_squash'),
      '/srv/a b has other options for 192.0.2.0/24',
    ],
    ['the last run ended before it', `== newer\n${table}`, 'exportfs has not read the file yet'],
  ])('is run when %s', (_when, output, why) => {
    expect(whyIn(output)).toBe(`exportfs -r (because ${why})`);
  });

  it('is run when the file changes, and not when the server starts anyway', () => {
    const file = new Map<string, Change>([[`file:${EXPORTS_FILE}`, { kind: 'update', summary: '' }]]);
    expect(whyIn(table, file)).toBe(`exportfs -r (because ${EXPORTS_FILE} changes)`);
    const start = new Map<string, Change>([
      ['service:nfs-server.service', { kind: 'restart', summary: 'start', because: [], interrupts: false }],
    ]);
    expect(whyIn('== table\n', start)).toBe('read by nfs-server.service');
  });
});
