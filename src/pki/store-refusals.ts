import { join } from 'node:path';
import { BootstrapError, ExitCode } from '../kernel/errors.ts';
import { CA_FILES } from './contents.ts';
import { type GivenAuthority, certificateIfThere } from './given-authority.ts';
import { isSameAuthority } from './read-certificate.ts';
import type { CaId } from './spec.ts';

/**
 * A cluster keeps its authority; the files it came from may be far away by now.
 * @param own certificates, PEM, of the one that issues and of those it hands over to or has taken over from
 * @throws E_OWN_CA, exit code 2
 */
export async function refuseAnother(given: GivenAuthority, own: readonly string[]): Promise<void> {
  const named = await certificateIfThere(given);
  if (named === undefined || own.some((pem) => isSameAuthority(pem, named))) return;
  throw new BootstrapError('E_OWN_CA', `${given.cert} is not the authority that this cluster has`, {
    hint: 'Nothing was changed: all that it issued would be worth nothing. "k8s-bootstrap certs rotate-ca" has one take over from another: docs/decisions/021-ca-rotation.md.',
    exitCode: ExitCode.usage,
  });
}

/** @throws E_CA_EXPIRED */
export function refuseExpired(folder: string, id: CaId, expires: Date | undefined, now: Date): void {
  if (expires === undefined || expires > now) return;
  const path = join(folder, `${CA_FILES[id]}.crt`);
  throw new BootstrapError('E_CA_EXPIRED', `${path} expired on ${expires.toISOString().slice(0, 10)}`, {
    hint: 'Nothing it signed is valid any more. The authority has to be replaced on every host.',
  });
}
