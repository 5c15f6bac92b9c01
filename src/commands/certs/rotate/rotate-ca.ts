import { openState } from '../../../cluster/open-state.ts';
import type { ProcedureOptions } from '../../../cluster/visit-procedure.ts';
import { BootstrapError } from '../../../kernel/errors.ts';
import { newAuthorityTexts, textsOf } from '../../../pki/new-keys.ts';
import type { PairTexts } from '../../../pki/rotation-files.ts';
import type { RotationState } from '../../../pki/rotation.ts';
import { readCertificate } from '../../../pki/read-certificate.ts';
import type { CaId } from '../../../pki/spec.ts';
import { caNamed } from '../ca-named.ts';
import { refuseGivenFormer, refuseOtherGiven, takenFrom } from './given.ts';
import { refuseLeft } from './left.ts';
import type { RotationStep } from './run-rotation.ts';
import { awaitBundles, refreshReaders } from './service-accounts.ts';
import { WAITS_FOR_PODS } from './pods.ts';
import { type Rotating, stepOf, visitRotation } from './visit-rotation.ts';

export interface RotateCaOptions extends ProcedureOptions {
  /** Of the trust tree. */
  readonly authority: string;
  /** The one that takes over, as `CERT,KEY` or one file with both; a new one by default. */
  readonly to: string | undefined;
  /** Stop when both are trusted, before anything is issued by the other. */
  readonly trustOnly: boolean;
  /** Stop before the former is trusted no more. */
  readonly keepOld: boolean;
  /** Go on although pods of others trust the former alone. */
  readonly leavePods: boolean;
}

/**
 * Has an authority hand over to another, as docs/decisions/021-ca-rotation.md says. A run that was cut short is gone on
 * with by the next.
 * @throws E_CA_ROTATION, E_CA_MISSING, E_OWN_CA, E_OWN_CA_KEY, E_PASSPHRASE, E_UP_FIRST, E_ROTATION_LOST, E_ROTATION_PODS,
 *   E_ROTATION_LEFT; as `up`
 */
export async function rotateAuthority(options: RotateCaOptions): Promise<number> {
  const { authority, to, trustOnly, keepOld } = options;
  const id = caNamed(authority, 'E_CA_ROTATION');
  const state = await openState(options);
  const { pki, inventory } = state;
  const issuing = pki.caPem(id);
  if (issuing === undefined || !pki.exists()) {
    throw new BootstrapError('E_CA_MISSING', `there is no authority "${id}" in ${state.stateFolder}`, {
      hint: 'It is made by "k8s-bootstrap up".',
    });
  }
  const given = to === undefined ? undefined : await takenFrom(to, options);
  if (given) options.secrets.add(given.key);
  const begun = pki.rotation(id);
  refuseOtherGiven(id, given, { issuing, begun });
  const pair = (): Promise<PairTexts> =>
    given ? Promise.resolve(textsOf(given)) : newAuthorityTexts(id, inventory.pki.keyBits, new Date());
  const last = trustOnly ? 'begun' : keepOld ? 'handed-over' : 'done';
  return visitRotation(
    { ...options, state },
    {
      what: id,
      last,
      command: `certs rotate-ca ${id}`,
      steps: (rotating) => stepsOf(id, { begun, pair, rotating, options }),
      issuing: () => readCertificate(pki.caPem(id) ?? ''),
    },
  );
}

/** What the steps go by. */
interface Given {
  readonly begun: RotationState | undefined;
  readonly pair: () => Promise<PairTexts>;
  readonly rotating: Rotating;
  readonly options: RotateCaOptions;
}

/** The three steps, in their order. */
export function stepsOf(id: CaId, { begun, pair, rotating, options }: Given): readonly RotationStep[] {
  const { cluster, hosts } = rotating;
  const { pki } = cluster;
  const reached = begun?.step;
  const leave = options.leavePods || id !== 'cluster';
  return [
    {
      planned: stepOf('trust', `trust another authority "${id}" beside the one that issues`, hosts),
      taken: reached !== undefined,
      take: async () => pki.rotate(id, { to: 'begun', pair: await pair() }),
      // What pods have read until now need not be what hosts trust then; a cut on the way leaves it so.
      behind: async () => {
        if (pki.rotation(id)?.ready) await pki.rotate(id, { to: 'unready' });
      },
      after: async () => {
        if (id === 'cluster') await awaitBundles(rotating);
        if (!pki.rotation(id)?.ready) await pki.rotate(id, { to: 'ready', at: new Date() });
      },
    },
    {
      planned: stepOf(
        'hand-over',
        `the other one issues: all certificates of the former are made anew, members and API servers one at a time${leave ? '' : `; ${WAITS_FOR_PODS}`}`,
        hosts,
        LOST_BY_HANDOVER[id],
      ),
      taken: reached === 'handed-over' || reached === 'dropped',
      ...(id in READ_IN_PODS && {
        before: () =>
          refreshReaders(rotating, {
            ready: pki.rotation(id)?.ready,
            leave,
            read: READ_IN_PODS[id] ?? '',
          }),
      }),
      take: () => pki.rotate(id, { to: 'handed-over' }),
    },
    {
      planned: stepOf(
        'drop',
        'trust the former no more, and remove its key from the state folder',
        hosts,
        `what the former "${id}" has issued is worth nothing any more, wherever it is`,
      ),
      taken: reached === 'dropped',
      before: () => refuseFormer(id, rotating),
      take: () => pki.rotate(id, { to: 'dropped' }),
      after: () => pki.rotate(id, { to: 'ended' }),
    },
  ];
}

/** What pods read of an authority when they start; of the second, only API servers do that run in pods. */
const READ_IN_PODS: Readonly<Partial<Record<CaId, string>>> = {
  cluster: 'which authorities to trust',
  'front-proxy': 'whom to let pass on requests',
};

/** Who is shut out by the second step, however well the first went. */
const LOST_BY_HANDOVER: Readonly<Partial<Record<CaId, string>>> = {
  cluster:
    'a kubeconfig that was handed out before trusts the former alone, and does not reach the API servers any more: hand out new ones between (--trust-only)',
  'front-proxy':
    'API servers that others run in pods (kubectl get apiservices) trust the former until they are restarted: restart them between (--trust-only)',
  users:
    'users have certificates of the former, which are worth nothing after the next step: hand out the new ones before (--keep-old)',
};

async function refuseFormer(id: CaId, rotating: Rotating): Promise<void> {
  const { cluster } = rotating;
  const former = cluster.pki.rotation(id)?.other?.open;
  if (former === undefined) return;
  if (id === 'cluster') await refuseGivenFormer(cluster.inventory, former);
  await refuseLeft(rotating, former);
}
