import { describe, expect, it } from 'vitest';
import { describe as titleOf } from '../../../src/resources/compile.ts';
import { certificate } from '../../../src/resources/certificate.ts';
import { sha256 } from '../../../src/resources/content.ts';
import { type SeenSpec, observed } from '../../support/observed.ts';

const CRT = '/etc/pki/a.crt';
const KEY = '/etc/pki/a.key';

/** A certificate whose text is right when it says so. */
function subject(issued: string[] = []): ReturnType<typeof certificate> {
  return certificate({
    certificate: CRT,
    key: KEY,
    judge: (pem) =>
      pem === 'good'
        ? { fit: true }
        : { fit: false, reason: pem === undefined ? 'does not exist' : 'expires soon' },
    issue: () => {
      issued.push('issued');
      return Promise.resolve({ certificate: 'good', key: 'new key' });
    },
  });
}

const manifest = (crt: string, key: string): { content: string } => ({
  content: `${sha256(crt)}\t${CRT}\ttest\n${sha256(key)}\t${KEY}\ttest\n`,
});

const good = {
  [CRT]: { content: 'good' },
  [KEY]: { digestOf: 'key', mode: '0600' },
  '/var/lib/k8s-bootstrap/manifest': manifest('good', 'key'),
};

const diff = (files: SeenSpec['files']): unknown =>
  subject().diff(observed(files ? { files } : {}), new Map());

describe('certificate', () => {
  it('is left alone while it fits, with the key that was written', () => {
    expect(diff(good)).toEqual({ kind: 'none', why: 'fits' });
  });

  it.each<[string, NonNullable<SeenSpec['files']>, object]>([
    ['is not there', { [CRT]: { type: 'absent' } }, { kind: 'create', summary: 'does not exist' }],
    ['does not fit', { [CRT]: { content: 'old' } }, { kind: 'update', summary: 'expires soon' }],
    ['has no key', { [KEY]: { type: 'absent' } }, { kind: 'update', summary: 'its key is missing' }],
    [
      'has another key',
      { [KEY]: { digestOf: 'other', mode: '0600' } },
      { kind: 'update', summary: 'its key is not the one that was written' },
    ],
    [
      'is another that would fit',
      { '/var/lib/k8s-bootstrap/manifest': manifest('good once', 'key') },
      { kind: 'update', summary: 'it is not the one that was written' },
    ],
    [
      'is on a host that forgot what was written',
      { '/var/lib/k8s-bootstrap/manifest': { content: '' } },
      { kind: 'update' },
    ],
  ])('is made anew together with its key when it %s', async (_, files, change) => {
    const seen = observed({ files: { ...good, ...files } });
    const issued: string[] = [];
    const resource = subject(issued);
    const found = resource.diff(seen, new Map());
    expect(found).toMatchObject(change);
    expect(issued, 'nothing is made to make a plan').toEqual([]);
    const steps = await resource.steps(found, seen);
    const there = seen.file(CRT)?.type === 'file';
    expect(steps.map(titleOf)).toEqual([
      ...(there ? [`make ${CRT} and its key anew`] : []),
      ...[`write ${KEY}`, `write ${CRT}`],
    ]);
    const modes = steps.flatMap((step) => (step.op === 'write' ? step.attributes.mode : []));
    expect(modes).toEqual(['0600', '0644']);
    expect(issued).toEqual(['issued']);
  });

  it('gets its rights back without being made anew', async () => {
    const seen = observed({ files: { ...good, [KEY]: { digestOf: 'key', mode: '0640' } } });
    const issued: string[] = [];
    const resource = subject(issued);
    const change = resource.diff(seen, new Map());
    expect(change).toEqual({ kind: 'update', summary: `${KEY}: mode 0640 → 0600` });
    const steps = await resource.steps(change, seen);
    expect(steps.every(({ op }) => op === 'attributes')).toBe(true);
    expect(issued).toEqual([]);
  });

  it('shows nothing of the key', () => {
    expect(JSON.stringify(diff({ ...good, [CRT]: { content: 'old' } }))).not.toContain('key-material');
    expect(subject().watches.find(({ key }) => key === KEY)).toMatchObject({ read: 'digest' });
  });

  it('goes into the file of the key as well where one file has to have both', async () => {
    const pair = certificate({
      certificate: CRT,
      key: KEY,
      keyHoldsCertificate: true,
      judge: () => ({ fit: false, reason: 'does not exist' }),
      issue: () => Promise.resolve({ certificate: 'good\n', key: 'new key\n' }),
    });
    const seen = observed({});
    const steps = await pair.steps(pair.diff(seen, new Map()), seen);
    const written = steps.flatMap((step) => (step.op === 'write' ? [[step.path, step.content.sha256]] : []));
    expect(written).toEqual([
      [KEY, sha256('new key\ngood\n')],
      [CRT, sha256('good\n')],
    ]);
  });
});
