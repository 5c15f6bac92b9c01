import { resolve } from 'node:path';
import type { KeyOptions } from '../../../cluster/open-pki.ts';
import type { Inventory } from '../../../inventory/types.ts';
import { BootstrapError, ExitCode } from '../../../kernel/errors.ts';
import {
  type CheckedAuthority,
  certificateIfThere,
  readGivenAuthority,
} from '../../../pki/given-authority.ts';
import { isSameAuthority } from '../../../pki/read-certificate.ts';
import type { RotationState } from '../../../pki/rotation.ts';
import type { CaId } from '../../../pki/spec.ts';

/**
 * The authority that takes over, checked like `pki.ca` of the inventory.
 * @param files `CERT,KEY`, or one file that holds both
 * @throws E_CA_ROTATION, E_OWN_CA, E_OWN_CA_KEY, E_PASSPHRASE; exit code 2
 */
export async function takenFrom(files: string, { ask }: Pick<KeyOptions, 'ask'>): Promise<CheckedAuthority> {
  const [cert = '', key = cert, ...more] = files.split(',').map((one) => one.trim());
  if (cert === '' || key === '' || more.length > 0) {
    throw refusal(`--to ${files} is not CERT,KEY, nor one file`, {
      hint: 'It names the certificate and the key of the authority that takes over, or one file that holds both, PEM.',
    });
  }
  return readGivenAuthority(
    { cert: resolve(cert), key: resolve(key), passphrase: undefined },
    ask,
    new Date(),
  );
}

/** @throws E_CA_ROTATION, exit code 2, where the one that is given cannot take over now */
export function refuseOtherGiven(
  id: CaId,
  given: CheckedAuthority | undefined,
  { issuing, begun }: { readonly issuing: string; readonly begun: RotationState | undefined },
): void {
  if (!given) return;
  const taking = begun?.step === 'begun' ? begun.other?.open : begun && issuing;
  if (taking !== undefined && !isSameAuthority(taking, given.certificate)) {
    throw refusal(`the authority "${id}" is on the way of handing over to another one than that of --to`, {
      hint: `k8s-bootstrap certs rotate-ca ${id} goes on with it; after that it can hand over again.`,
    });
  }
  if (taking === undefined && isSameAuthority(issuing, given.certificate)) {
    throw refusal(`the authority "${id}" is the one of --to already`, {
      hint: 'Nothing was changed.',
    });
  }
}

/** @throws E_CA_ROTATION, exit code 3, while the inventory names the one that is to go */
export async function refuseGivenFormer({ pki: { ca }, file }: Inventory, former: string): Promise<void> {
  const named = ca && (await certificateIfThere(ca));
  if (named === undefined || !isSameAuthority(named, former)) return;
  throw new BootstrapError('E_CA_ROTATION', `pki.ca in ${file} still names the former authority`, {
    hint: 'Put the files of the new one there, or take pki.ca out: the state folder has both. Then run it again: it goes on from here.',
    exitCode: ExitCode.attention,
  });
}

const refusal = (message: string, details: { readonly hint: string }): BootstrapError =>
  new BootstrapError('E_CA_ROTATION', message, { ...details, exitCode: ExitCode.usage });
