import pMap from 'p-map';
import type { HostKey } from '../answers/hosts.ts';
import { BootstrapError } from '../kernel/errors.ts';
import type { Inventory } from '../inventory/types.ts';
import { keyTable } from '../report/answers/trust.ts';
import type { Emit } from '../run/events.ts';
import { ANOTHER_KEY } from '../transport/connection-errors.ts';
import { type KnownHostsPolicy, type Sighting, sightingOf } from '../transport/host-keys.ts';
import { judgeHostKey } from '../transport/known-hosts.ts';
import { targetOf } from './connect.ts';

/** Asks a person a question whose answer is yes or no; with a word, only typing just that is a yes. */
export type Confirm = (question: string, word?: string) => Promise<boolean>;

export interface ContactOptions {
  readonly inventory: Inventory;
  readonly knownHosts: KnownHostsPolicy;
  readonly emit: Emit;
  /** `undefined` when nobody is there to be asked. */
  readonly confirm: Confirm | undefined;
  readonly signal: AbortSignal;
}

export interface Presented {
  readonly sighting: Sighting;
  readonly state: 'known' | 'new' | 'changed' | 'revoked';
}

/**
 * Before a run on a terminal: the keys of all hosts that were never seen before in one table, and one question.
 * Asks no host when all are known; does nothing when there is nobody to ask, so that the connection tells what is wrong.
 * @throws E_HOST_KEY_UNKNOWN when the answer is no
 */
export async function firstContact(options: ContactOptions): Promise<void> {
  const { inventory, knownHosts, confirm } = options;
  if (!confirm || knownHosts.acceptNew) return;
  const known = await pMap(inventory.hosts, async ({ name }) => {
    const { address, ssh } = targetOf(inventory, name);
    if (ssh.hostKey !== undefined) return true;
    const { keys, revoked } = await knownHosts.lookup(address, ssh.port);
    return keys.length > 0 || revoked.length > 0;
  });
  const strangers = inventory.hosts.filter((_, index) => known[index] === false).map(({ name }) => name);
  await meet(strangers, { ...options, replace: false });
}

/**
 * Asks hosts for their keys without logging in, shows what is new, and writes it down after one question. Hosts
 * behind a jump host that is new itself come in a further round. Hosts that do not answer are left out.
 * @throws E_HOST_KEY_CHANGED unless `replace`, E_HOST_KEY_REVOKED, E_HOST_KEY_UNKNOWN when the answer is no
 */
export async function meet(
  names: readonly string[],
  options: ContactOptions & { readonly replace: boolean },
): Promise<{
  readonly presented: readonly Presented[];
  readonly silent: ReadonlyMap<string, BootstrapError>;
}> {
  const { knownHosts, replace } = options;
  const all: Presented[] = [];
  const silent = new Map<string, BootstrapError>();
  let waiting = names;
  while (waiting.length > 0) {
    const answers = await askForKeys(waiting, options);
    for (const { name, error } of answers) if (error) silent.set(name, error);
    const round = await judged(answers, knownHosts);
    all.push(...round);
    refuse(round, replace);
    const wanted = round.filter(({ state }) => state !== 'known');
    if (wanted.length > 0) {
      await approve(wanted, options);
      await knownHosts.trust(
        wanted.map(({ sighting }) => sighting),
        { replace },
      );
    }
    // What answered in their place was their jump host, which is trusted now.
    waiting = answers
      .filter(({ name, sighting }) => sighting && sighting.host !== name)
      .map(({ name }) => name);
  }
  return { presented: all, silent };
}

interface KeyAnswer {
  readonly name: string;
  readonly sighting?: Sighting | undefined;
  readonly error?: BootstrapError | undefined;
}

async function askForKeys(names: readonly string[], options: ContactOptions): Promise<KeyAnswer[]> {
  const { inventory, knownHosts, signal } = options;
  const { connectSsh, createShared } = await import('../transport/ssh-session.ts');
  const shared = createShared();
  const ask = async (name: string): Promise<KeyAnswer> => {
    const target = targetOf(inventory, name);
    // Whatever key it presents is refused as unknown, and the refusal holds the key.
    const blind: KnownHostsPolicy = {
      ...knownHosts,
      acceptNew: false,
      lookup: async (address, port) =>
        address === target.address && port === target.ssh.port
          ? { keys: [], revoked: [], authority: false }
          : knownHosts.lookup(address, port),
    };
    const unpinned = { ...target, ssh: { ...target.ssh, hostKey: undefined } };
    try {
      await (await connectSsh(unpinned, { knownHosts: blind, signal, shared })).close();
      return { name };
    } catch (error) {
      const sighting = sightingOf(error);
      if (sighting) return { name, sighting };
      if (error instanceof BootstrapError) return { name, error };
      throw error;
    }
  };
  return pMap(names, ask, { concurrency: inventory.concurrency });
}

/** What is known of the keys, each host and port once. */
async function judged(answers: readonly KeyAnswer[], knownHosts: KnownHostsPolicy): Promise<Presented[]> {
  const distinct = new Map(
    answers.flatMap(({ sighting }) => (sighting ? [[`${sighting.address}:${sighting.port}`, sighting]] : [])),
  );
  return pMap(distinct.values(), async (sighting): Promise<Presented> => {
    const { state } = judgeHostKey(await knownHosts.lookup(sighting.address, sighting.port), sighting.key);
    return { sighting, state: state === 'unknown' ? 'new' : state };
  });
}

function refuse(presented: readonly Presented[], replace: boolean): void {
  const bad = presented.filter(({ state }) => state === 'revoked' || (state === 'changed' && !replace));
  const [first] = bad;
  if (!first) return;
  const revoked = first.state === 'revoked';
  throw new BootstrapError(
    revoked ? 'E_HOST_KEY_REVOKED' : 'E_HOST_KEY_CHANGED',
    `${revoked ? 'a revoked host key' : 'another host key than the known one'} is presented:\n${keyTable(hostKeys(bad)).join('\n')}`,
    {
      hint: revoked ? 'known_hosts has a @revoked line for this key: the host needs a new one.' : ANOTHER_KEY,
    },
  );
}

async function approve(presented: readonly Presented[], { emit, confirm }: ContactOptions): Promise<void> {
  const lines = keyTable(hostKeys(presented)).join('\n');
  const changed = presented.filter(({ state }) => state === 'changed').length;
  const states =
    changed === 0 ? 'new to this machine' : changed < presented.length ? 'new or changed' : 'changed';
  const compare = 'Compare them with "ssh-keygen -lf /etc/ssh/ssh_host_TYPE_key.pub" on each host.';
  if (!confirm) {
    throw new BootstrapError(
      'E_HOST_KEY_UNKNOWN',
      `nobody is here to say whether these keys are right:\n${lines}`,
      {
        hint: `${compare} Then run it on a terminal, or with --yes.`,
      },
    );
  }
  emit({
    type: 'note',
    level: 'info',
    message: `Host keys that are ${states}:\n${lines}\n${compare}`,
  });
  if (await confirm(`Trust ${presented.length === 1 ? 'this key' : `these ${presented.length} keys`}?`))
    return;
  throw new BootstrapError('E_HOST_KEY_UNKNOWN', 'the host keys were not accepted', {
    hint: 'Nothing was written. Where there is an inventory, "k8s-bootstrap trust HOST" trusts a single host.',
  });
}

/** As they are told. */
export const hostKeys = (presented: readonly Presented[]): HostKey[] =>
  presented.map(({ sighting: { host, address, port, key }, state }) => ({
    host,
    address,
    port,
    type: key.type,
    fingerprint: key.fingerprint,
    state,
  }));
