import type { Inventory } from '../../../inventory/types.ts';
import { BootstrapError } from '../../../kernel/errors.ts';
import { ports } from '../../../kernel/host-paths.ts';
import { healthGate } from '../../../phases/shared/health-gate.ts';
import { apiHost, withRole } from '../../../phases/shared/topology.ts';
import type { Gate } from '../../../plan/stage.ts';
import { type Member, sightings } from '../../../run/fleet.ts';
import { type ProcedureStep, runProcedure, running } from '../../../run/procedure.ts';
import { type Pod, askReaders, refuseStale, restartOf } from './pods.ts';
import { bundleQuestion, renewalScript, tokensQuestion } from './token-scripts.ts';
import type { Rotating } from './visit-rotation.ts';

/** Waits until a question that counts what is not as it should be is answered with none. */
const noneLeft = (at: string, title: string, key: string, script: string): Gate => ({
  title,
  at,
  watches: [{ kind: 'answer', key, script }],
  judge: (seen) => {
    const { code, output = '' } = seen.answer(key) ?? {};
    if (code !== 0) return 'the API server does not answer';
    return output === '0' ? undefined : `not yet: ${output}`;
  },
  timeoutSeconds: 180,
  // Whichever leads, on any master, does it.
  units: [],
});

/**
 * Waits until every token of a service account comes with the authorities that hosts trust. The controller-manager looks
 * through all of them when it starts (pkg/controller/serviceaccount/tokens_controller.go, secretUpdateNeeded).
 * @throws E_GATE
 */
export async function awaitBundles(rotating: Rotating): Promise<void> {
  const { name } = masterOf(rotating);
  const title = 'tokens of service accounts come with both authorities';
  await under(rotating, {
    id: 'bundles',
    title,
    hosts: [name],
    does: { kind: 'act', act: () => Promise.resolve() },
    gates: (host) => [noneLeft(host, title, 'service-account-bundles', bundleQuestion())],
  });
}

const RENEWAL_SECONDS = 600;
const RESTART_SECONDS = 90;

/**
 * Has tokens of another key signed anew: where a secret of the kind has none, the controller-manager puts one. The secrets
 * stay: with another name, pods that run would keep the old token for ever.
 * @param kid how the new key is named in tokens
 * @param then what follows, under the same lock
 * @throws E_GATE
 */
export async function renewTokens(
  rotating: Rotating,
  kid: string,
  then: readonly ProcedureStep[],
): Promise<void> {
  const { name } = masterOf(rotating);
  const title = 'all tokens of service accounts are signed with the new key';
  const renewal: ProcedureStep = {
    id: 'tokens-renew',
    title: 'have the tokens of service accounts signed anew, one namespace after the other',
    hosts: [name],
    does: running('sign the tokens of service accounts anew', renewalScript(kid), RENEWAL_SECONDS),
    gates: (host) => [noneLeft(host, title, 'service-account-tokens', tokensQuestion(kid))],
  };
  await under(rotating, renewal, ...then);
}

const CONTROLLERS = 'kube-controller-manager';

/**
 * Starts the controller-managers anew, one after the other: their controllers read tokens of their own when they begin to
 * lead, and not again (pkg/controller/client_builder.go, SAControllerClientBuilder).
 */
export const controllerRestarts = (inventory: Inventory): readonly ProcedureStep[] =>
  withRole({ inventory }, 'master').map((host) => ({
    id: 'controllers-restart',
    title: `start ${CONTROLLERS} anew, whose controllers read their tokens then`,
    hosts: [host.name],
    does: running(`restart ${CONTROLLERS}`, `systemctl restart ${CONTROLLERS}.service`, RESTART_SECONDS),
    gates: () => [healthGate(host, CONTROLLERS, `https://127.0.0.1:${ports.controllerManager}/healthz`)],
  }));

/**
 * Pods that read what they need of their service account before all was ready: ours are started anew; for others it ends
 * here, unless they are to be left.
 * @throws E_ROTATION_PODS
 */
export async function refreshReaders(
  rotating: Rotating,
  {
    ready,
    leave,
    read,
  }: { readonly ready: Date | undefined; readonly leave: boolean; readonly read: string },
): Promise<void> {
  const { fleet } = rotating;
  const since = secondOf(ready ?? new Date());
  const master = masterOf(rotating);
  const { own } = await askReaders(fleet, master, since);
  if (own.length > 0) await under(rotating, restartOf(master.name, own));
  const { stale } = await askReaders(fleet, master, since);
  if (!leave) refuseStale(stale, read);
}

/** Pods that run since before all was ready. */
export async function earlierPods(rotating: Rotating, ready: Date): Promise<readonly Pod[]> {
  const { earlier } = await askReaders(rotating.fleet, masterOf(rotating), secondOf(ready));
  return earlier;
}

/** A start is told in whole seconds. */
const secondOf = (moment: Date): Date => new Date(Math.floor(moment.getTime() / 1000) * 1000);

/** Does steps as those of a procedure, under the lock of the cluster. */
const under = ({ fleet, goal, stop }: Rotating, ...steps: readonly ProcedureStep[]): Promise<void> =>
  runProcedure(fleet, goal, { told: steps, left: () => steps, stop });

/** The master through which the API is asked. */
function masterOf({ cluster, fleet }: Rotating): Member {
  const [host] = apiHost(cluster.world(sightings(fleet)));
  const member = host && fleet.members.get(host.name);
  if (member) return member;
  throw new BootstrapError('E_BUG', 'the inventory has no master');
}
