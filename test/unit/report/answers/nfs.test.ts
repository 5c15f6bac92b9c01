import { describe, expect, it } from 'vitest';
import type { NfsCause } from '../../../../src/answers/nfs.ts';
import { nfsCheckText } from '../../../../src/report/answers/nfs-check.ts';
import { nfsClaimText } from '../../../../src/report/answers/nfs-claim.ts';
import { nfsRemoveText } from '../../../../src/report/answers/nfs-remove.ts';
import { nfsStatusText } from '../../../../src/report/answers/nfs-status.ts';
import { coloured, plainly } from './how.ts';
import { samples } from './samples.ts';

describe('the text of a check', () => {
  const check = samples['nfs-check'];
  const [mount] = check.mounts;
  const [cause] = check.causes;

  it('says from how many nodes all can be used', () => {
    const well = { ...mount!, result: 'ok' as const, version: null };
    const mounts = [well, { ...well, export: 'n1:/b' }, { ...well, node: 'm1' }];
    const text = nfsCheckText({ ...check, lost: [], servers: [], mounts, causes: [] }, plainly);
    expect(text).toMatch(/^NODE .*\nw1 +n1:\/a +ok +- [^]*\n\nEvery export can be used from 2 nodes\.\n$/);
  });

  it('names the exports that a cause is about, unless its words do', () => {
    const silent: NfsCause = { ...cause!, says: 'n1 stopped answering w1' };
    const text = (one: NfsCause): string => nfsCheckText({ ...check, causes: [one] }, plainly);
    expect(text(silent)).toContain('w1: n1 stopped answering w1\n    about /a, /b\n    Add it.\n');
    expect(text({ ...silent, paths: [] })).not.toContain('about');
    expect(text(cause!)).not.toContain('about');
  });

  it('shows in colour what failed and why', () => {
    expect(nfsCheckText(check, coloured).match(/<.*?>.*?<.*?>/g)).toEqual([
      '<red>failed</red>',
      '<yellow>w1: n1 does not export /a, /b to w1</yellow>',
    ]);
  });
});

describe('the text of a claim', () => {
  const claim = samples['nfs-claim'];

  it('that went well says what was done', () => {
    const text = nfsClaimText({ ...claim, causes: [], left: [] }, plainly);
    expect(text).toMatch(/\n\nPods on 2 nodes wrote to the volume and read what another one wrote;.*\n$/);
  });

  it('that was not bound has no volume', () => {
    const text = nfsClaimText({ ...claim, bound: null, pods: [] }, plainly);
    expect(text).toMatch(/^A claim on nfs-client was not bound\.\n\nw1: /);
  });
});

it.each([
  [{ exported: true }, 'n1 still exports /a: a line in /etc/exports or beside our file has it, too.'],
  [{ problem: null }, 'Its files are kept, in /a on n1.'],
  [{ problem: null, deleted: true }, 'Its folder and all files in it are deleted.'],
])('an export that was taken back, with %j', (more, line) => {
  expect(nfsRemoveText({ ...samples['nfs-remove'], ...more }).split('\n')).toContain(line);
});

describe('the text of a status', () => {
  const status = samples['nfs-status'];
  const [exported] = status.exports;

  it('says by whom something is exported', () => {
    const by = (more: object): string =>
      nfsStatusText({ ...status, exports: [{ ...exported!, ...more }] }, plainly);
    expect(by({ declared: false })).toContain(' earlier inventory ');
    expect(by({ declared: false, ours: false, space: null, mountedBy: {} })).toMatch(/ others +- +-\n/);
  });

  it('says when nothing is exported, and when all is well', () => {
    const text = nfsStatusText({ ...status, exports: [], problems: [] }, plainly);
    expect(text).toMatch(/\n\nNothing is exported\.\n[^]*\nAll is well\.\n$/);
  });
});
