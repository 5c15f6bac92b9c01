import { sh } from '../kernel/quote.ts';
import { bytes, secretBytes } from './content.ts';
import { attributeDrift, plain, writing } from './file.ts';
import { manifestOf, manifestWatch } from './manifest.ts';
import type { FileState, Observed } from '../probe/observe.ts';
import { type Change, type Resource, none } from './resource.ts';
import type { Attributes, Step } from './step.ts';

export interface CertificatePairSpec {
  readonly certificate: string;
  readonly key: string;
  readonly owner?: string;
  /** Whether the file of the key has the certificate as well, behind the key. */
  readonly keyHoldsCertificate?: boolean;
  /** Says whether the certificate on the host will do, and if not, why. Pure. */
  readonly judge: (
    pem: string | undefined,
  ) => { readonly fit: true } | { readonly fit: false; readonly reason: string };
  /** Makes a new key and certificate (PEM). Called only when applied. */
  readonly issue: () => Promise<{ readonly certificate: string; readonly key: string }>;
}

export const certificateId = (path: string): string => `certificate:${path}`;

/**
 * A certificate and its private key. The key lives on the host alone; whether it is still the one
 * that was written is told by the host's manifest. Both are made anew together.
 */
export function certificate(spec: CertificatePairSpec): Resource {
  const { owner = 'root' } = spec;
  const rights = (mode: string): Attributes => ({ mode, owner, group: owner });
  const files: [string, Attributes][] = [
    [spec.certificate, rights('0644')],
    [spec.key, rights('0600')],
  ];
  return {
    id: certificateId(spec.certificate),
    title: spec.certificate,
    watches: [
      { kind: 'file', key: plain(spec.certificate), read: 'content' },
      { kind: 'file', key: plain(spec.key), read: 'digest' },
      manifestWatch,
    ],
    owns: [spec.certificate, spec.key],
    diff(seen): Change {
      const reason = reasonToIssue(spec, seen);
      if (reason !== undefined) {
        return seen.file(spec.certificate)?.type === 'file'
          ? { kind: 'update', summary: reason }
          : { kind: 'create', summary: reason };
      }
      const off = files.flatMap(([path, wanted]) =>
        attributeDrift(state(seen, path), wanted).map((drift) => `${path}: ${drift}`),
      );
      return off.length > 0 ? { kind: 'update', summary: off.join('; ') } : none('fits');
    },
    async steps(_change, seen): Promise<Step[]> {
      if (reasonToIssue(spec, seen) === undefined) {
        return files.map(([path, attributes]) => ({ op: 'attributes', path, attributes }));
      }
      const made = await spec.issue();
      const key = spec.keyHoldsCertificate ? made.key + made.certificate : made.key;
      // Of two files that belong together one is always written alone: until both are, the manifest has no certificate.
      const there = seen.file(spec.certificate)?.type === 'file';
      return [
        ...(there ? [begun(spec.certificate)] : []),
        ...writing(spec.key, secretBytes(key), rights('0600'), seen.file(spec.key)),
        ...writing(spec.certificate, bytes(made.certificate), rights('0644'), seen.file(spec.certificate)),
      ];
    },
  };
}

/** What the manifest has for the old certificate from now on, so that a run that is cut leaves no pair that fits. */
const begun = (path: string): Step => ({
  op: 'run',
  title: `make ${path} and its key anew`,
  script: sh`own ${path} ${RENEWING}`,
});

/** No digest, so that no file is what was written. */
const RENEWING = 'renewing';

function reasonToIssue(spec: CertificatePairSpec, seen: Observed): string | undefined {
  const current = state(seen, spec.certificate);
  const verdict = spec.judge(current.type === 'file' ? current.content?.toString('utf8') : undefined);
  if (!verdict.fit) return verdict.reason;
  const manifest = manifestOf(seen);
  const asWritten = (path: string): boolean => {
    const found = state(seen, path);
    return found.type === 'file' && found.sha256 === manifest.get(path)?.written;
  };
  if (manifest.get(spec.certificate)?.written === RENEWING) return 'a run was cut while it was made anew';
  if (state(seen, spec.key).type !== 'file') return 'its key is missing';
  if (!asWritten(spec.key)) return 'its key is not the one that was written';
  return asWritten(spec.certificate) ? undefined : 'it is not the one that was written';
}

const state = (seen: Observed, path: string): FileState => seen.file(path) ?? { type: 'absent' };
