import type { LockedText } from '../kernel/locked-text.ts';
import { paths } from '../kernel/host-paths.ts';
import { encryptionConfig } from '../phases/control-plane/encryption-config.ts';
import { handedDown, serviceAccountPublicFile } from '../phases/trust/authorities.ts';
import { caFilesOf } from '../pki/profiles.ts';
import type { CaId } from '../pki/spec.ts';
import { certificatesOf } from '../pki/trusted.ts';
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
    const others = [
      ...handedDown(world.inventory)
        .filter((id) => isOtherAuthority(subject, id))
        .map((id) => caFilesOf(id).certificate),
      ...(isOtherText(subject, serviceAccountPublicFile, world.pki.serviceAccount()?.publicKey)
        ? [serviceAccountPublicFile]
        : []),
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

/** While one hands over to another, the file and the folder have one of them in common. */
function isOtherAuthority({ world, seen }: Subject, id: CaId): boolean {
  const path = caFilesOf(id).certificate;
  const state = seen.file(path);
  const ours = world.pki.trustPem(id);
  if (ours === undefined || state?.type !== 'file' || state.content === undefined) return false;
  if (state.sha256 !== manifestOf(seen).get(path)?.written) return false;
  const known = new Set(certificatesOf(ours));
  return !certificatesOf(state.content.toString('latin1')).some((pem) => known.has(pem));
}

/** @param salt of the digest of a secret, which leaves its host so only */
function isOtherText(
  { seen }: Subject,
  path: string,
  wanted: string | LockedText | undefined,
  salt?: string,
): boolean {
  const state = seen.file(path);
  const written = manifestOf(seen).get(path)?.written;
  const digest = typeof wanted === 'string' ? sha256(wanted) : wanted?.sha256;
  if (state?.type !== 'file' || written === undefined || digest === undefined) return false;
  const salted = (text: string): string => (salt === undefined ? text : sha256(salt + text));
  return state.sha256 === salted(written) && state.sha256 !== salted(digest);
}
