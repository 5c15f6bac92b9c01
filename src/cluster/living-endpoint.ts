import { request } from 'node:https';
import type { Host, Inventory } from '../inventory/types.ts';
import { apiEndpoint, withRole } from '../phases/shared/topology.ts';
import type { Emit } from '../run/events.ts';

/** Longer than a healthy API server takes; so long a command waits for one that is off. */
const PATIENCE_MS = 3_000;

/** Whether an API server answers there, and by its certificate is the cluster's. */
export type Answers = (ip: string, port: number, ca: string) => Promise<boolean>;

/**
 * The address that a user gets: the endpoint of the inventory, else of several masters the first that answers on this
 * machine. Says so when it is another than the first. Where none answers, because only jump hosts lead there or all are
 * off, it is the first.
 * @param ca what the API servers' certificates are of; without one there is no cluster yet
 */
export async function livingEndpoint(
  inventory: Inventory,
  ca: string | undefined,
  emit: Emit,
  answers: Answers = answersHere,
): Promise<string> {
  const masters = withRole({ inventory }, 'master');
  const { endpoint, port } = inventory.apiServer;
  if (endpoint !== undefined || masters.length < 2 || ca === undefined) return apiEndpoint({ inventory });
  const living = await Promise.all(masters.map(({ ip }) => answers(ip, port, ca)));
  const first = living.indexOf(true);
  const message = whatWasFound(masters, first);
  if (message !== undefined) emit({ type: 'note', level: 'warn', message });
  return apiEndpoint({ inventory }, masters[Math.max(first, 0)]);
}

function whatWasFound(masters: readonly Host[], first: number): string | undefined {
  if (first === 0) return undefined;
  const names = masters.map(({ name }) => name);
  if (first < 0)
    return `no master answers on this machine: the kubeconfig names ${names[0] ?? ''}, the first of ${names.join(', ')}`;
  const silent = names.slice(0, first);
  return `the kubeconfig names ${names[first] ?? ''}: ${silent.join(' and ')} ${silent.length === 1 ? 'does' : 'do'} not answer`;
}

/** Any answer will do: without a certificate of one's own it is a refusal. */
export const answersHere: Answers = (host, port, ca) =>
  new Promise((resolve) => {
    const asked = request({ host, port, ca, path: '/healthz', agent: false, timeout: PATIENCE_MS });
    const ends = (answered: boolean) => (): void => {
      resolve(answered);
      asked.destroy();
    };
    asked.on('response', ends(true));
    asked.on('timeout', ends(false));
    asked.on('error', ends(false));
    asked.end();
  });
