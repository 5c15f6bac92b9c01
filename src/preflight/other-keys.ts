import type { LockedText } from '../kernel/locked-text.ts';
import { paths } from '../kernel/host-paths.ts';
import { encryptionConfig } from '../phases/control-plane/encryption-config.ts';
import { handedDown, serviceAccountPublicFile } from '../phases/trust/authorities.ts';
import type { World } from '../phases/phase.ts';
import { caFilesOf } from '../pki/profiles.ts';
import type { Rotated } from '../pki/contents.ts';
import { keyIdOf, readCertificate } from '../pki/read-certificate.ts';
import { certificatesOf, publicKeysOf } from '../pki/trusted.ts';
import { sha256 } from '../resources/content.ts';
import { manifestOf } from '../resources/manifest.ts';
import { type Check, type Result, type Subject, error } from './check.ts';

/**
 * Keys that never change by themselves, as this program wrote them on a master and as the state folder has them. Where
 * they are others, the folder is of another day, or parts of two: with its keys Secrets could not be read any more, or
 * tokens and members would count for strangers. What somebody changed on the host is told from that by the manifest.
 */
export const otherKeysCheck: Check = {
  id: 'state-other',
  title: 'the state folder has the keys that the cluster was made with',
  check(subject): Result[] {
    const { world, host, facts } = subject;
    if (facts.cluster?.name !== world.inventory.name || !host.roles.includes('master')) return [];
    const { pki } = world;
    const sets: readonly KeySet[] = [
      ...handedDown(world.inventory).map((id) => ({
        path: caFilesOf(id).certificate,
        ours: pki.trustPem(id),
        next: nextOf(world, id),
        partsOf: certificatesOf,
      })),
      {
        path: serviceAccountPublicFile,
        ours: pki.tokenKeysPem(),
        next: nextOf(world, 'service-account'),
        partsOf: publicKeysOf,
      },
    ];
    const others = [
      ...(hasPassedOn(subject) ? [caFilesOf('cluster').certificate] : []),
      ...sets.filter((set) => isOtherSet(subject, set)).map(({ path }) => path),
      ...(isOtherText(subject, paths.encryptionConfig, encryptionConfig(world), subject.seen.nonce)
        ? [paths.encryptionConfig]
        : []),
    ];
    if (others.length === 0) return [];
    return error(
      `was given ${others.join(', ')} by another state folder than this one, whose keys differ`,
      `Is this one a backup of another day, or put together from two? Bring back the one that the cluster was made with, or move the wrong files out of it and run "k8s-bootstrap adopt". If this folder is right and the host is not, move ${others.join(' ')} away there, and keep it: it may be the last copy. Authorities hand over step by step: docs/decisions/021-ca-rotation.md.`,
    );
  },
};

/** A file of keys on masters, of which the first is the one in use. */
interface KeySet {
  readonly path: string;
  /** What the state folder would write, PEM. */
  readonly ours: string | undefined;
  /** What takes over in the folder, and has not yet. */
  readonly next: string | undefined;
  readonly partsOf: (pem: string) => readonly string[];
}

/**
 * While one hands over to another, the folder believes the one that the host uses, wherever it was cut. A host that uses
 * one that the folder does not know, or that has not taken over there, was brought further by another folder.
 */
function isOtherSet({ seen }: Subject, { path, ours, next, partsOf }: KeySet): boolean {
  const state = seen.file(path);
  if (ours === undefined || state?.type !== 'file' || state.content === undefined) return false;
  if (state.sha256 !== manifestOf(seen).get(path)?.written) return false;
  const [used] = partsOf(state.content.toString('latin1'));
  return used === undefined || !partsOf(ours).includes(used) || partsOf(next ?? '').includes(used);
}

/** The same of the cluster's authority, which a host is marked with; one that is not known at all is `foreign-host`. */
function hasPassedOn({ world, facts }: Subject): boolean {
  const next = nextOf(world, 'cluster');
  const used = facts.cluster?.ca;
  if (next === undefined || used === world.pki.caKeyId('cluster')) return false;
  return used === keyIdOf(readCertificate(next));
}

function nextOf({ pki }: World, what: Rotated): string | undefined {
  const rotation = pki.rotation(what);
  return rotation?.step === 'begun' ? rotation.other?.open : undefined;
}

/** @param salt of the digest of a secret, which leaves its host so only */
function isOtherText(
  { seen }: Subject,
  path: string,
  wanted: string | LockedText | undefined,
  salt: string,
): boolean {
  const state = seen.file(path);
  const written = manifestOf(seen).get(path)?.written;
  const digest = typeof wanted === 'string' ? sha256(wanted) : wanted?.sha256;
  if (state?.type !== 'file' || written === undefined || digest === undefined) return false;
  const salted = (text: string): string => sha256(salt + text);
  return state.sha256 === salted(written) && state.sha256 !== salted(digest);
}
