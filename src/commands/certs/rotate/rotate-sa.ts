import { createPublicKey } from 'node:crypto';
import { openState } from '../../../cluster/open-state.ts';
import type { ProcedureOptions } from '../../../cluster/visit-procedure.ts';
import { hostsWithRole } from '../../../inventory/lookup.ts';
import { BootstrapError } from '../../../kernel/errors.ts';
import { publicKeyDigest } from '../../../pki/keys.ts';
import { newServiceAccountTexts } from '../../../pki/new-keys.ts';
import type { RotationStep } from './run-rotation.ts';
import { controllerRestarts, earlierPods, refreshReaders, renewTokens } from './service-accounts.ts';
import { tokensArrive } from './tokens-arrive.ts';
import { WAITS_FOR_PODS } from './pods.ts';
import { type Rotating, stepOf, visitRotation } from './visit-rotation.ts';

export interface RotateServiceAccountOptions extends ProcedureOptions {
  /** Stop before the former key is believed no more. */
  readonly keepOld: boolean;
  /** Go on although pods of others may have read the former token. */
  readonly leavePods: boolean;
}

const WHAT = 'service-account';

/**
 * Has the key that signs the tokens of service accounts replaced, as docs/decisions/022-rotate-service-account-key.md
 * says. A run that was cut short is gone on with by the next.
 * @throws E_CA_MISSING, E_UP_FIRST, E_ROTATION_LOST, E_ROTATION_PODS, E_PASSPHRASE; as `up`
 */
export async function rotateServiceAccount(options: RotateServiceAccountOptions): Promise<number> {
  const state = await openState(options);
  const { pki, stateFolder } = state;
  if (!pki.serviceAccount()) {
    throw new BootstrapError('E_CA_MISSING', `there is no key of service accounts in ${stateFolder}`, {
      hint: 'It is made by "k8s-bootstrap up".',
    });
  }
  return visitRotation(
    { ...options, state },
    {
      what: WHAT,
      last: options.keepOld ? 'handed-over' : 'done',
      command: 'certs rotate-sa',
      steps: (rotating) => stepsOf(rotating, options),
      issuing: () => null,
    },
  );
}

function stepsOf(rotating: Rotating, options: RotateServiceAccountOptions): readonly RotationStep[] {
  const { pki, inventory } = rotating.cluster;
  const masters = hostsWithRole(inventory, 'master').map(({ name }) => name);
  const reached = pki.rotation(WHAT)?.step;
  return [
    {
      planned: stepOf('verify', 'verify tokens with another key beside the one that signs', masters),
      taken: reached !== undefined,
      take: async () =>
        pki.rotate(WHAT, { to: 'begun', pair: await newServiceAccountTexts(inventory.pki.keyBits) }),
    },
    {
      planned: stepOf(
        'sign',
        'sign with the other one, and have all tokens signed anew, one namespace after the other',
        masters,
      ),
      taken: reached === 'handed-over' || reached === 'dropped',
      take: () => pki.rotate(WHAT, { to: 'handed-over' }),
      after: async () => {
        if (pki.rotation(WHAT)?.ready) return;
        const kid = keyNameOf(pki.serviceAccount()?.publicKey ?? '');
        await renewTokens(rotating, kid, controllerRestarts(inventory));
        await pki.rotate(WHAT, { to: 'ready', at: new Date() });
      },
    },
    {
      planned: stepOf(
        'drop',
        `verify tokens with the new key alone, and remove the former from the state folder${options.leavePods ? '' : `; ${WAITS_FOR_PODS}`}`,
        masters,
        'tokens that were copied out of the cluster are worth nothing any more',
      ),
      taken: reached === 'dropped',
      before: async () => {
        const ready = pki.rotation(WHAT)?.ready ?? new Date();
        await refreshReaders(rotating, { ready, leave: options.leavePods, read: 'their token' });
        await tokensArrive(rotating, await earlierPods(rotating, ready), ready);
      },
      take: () => pki.rotate(WHAT, { to: 'dropped' }),
      after: () => pki.rotate(WHAT, { to: 'ended' }),
    },
  ];
}

/** https://github.com/kubernetes/kubernetes/blob/v1.16.3/pkg/serviceaccount/jwt.go (keyIDFromPublicKey) */
export const keyNameOf = (publicKey: string): string =>
  Buffer.from(publicKeyDigest(createPublicKey(publicKey)), 'hex').toString('base64url');
