import { BootstrapError } from '../kernel/errors.ts';
import { quote } from '../kernel/quote.ts';
import type { World } from '../phases/phase.ts';
import { endpointProblems, healthScript } from '../phases/etcd/outside.ts';
import { PAYLOAD_FD } from '../transport/feed.ts';
import { type Fleet, alive, onEach, runOn } from '../run/fleet.ts';

export const ETCD_CHECK = 'outside-etcd';

/**
 * Masters ask the store that somebody else runs, with the certificates that they are to have, before anything is
 * changed. The key lies there in a file of root's for as long as that takes.
 * @throws E_PREFLIGHT where a master finds none of its endpoints well
 */
export async function checkOutsideEtcd(fleet: Fleet, world: World): Promise<void> {
  const { inventory, etcdClient } = world;
  const endpoints = inventory.etcd.outside?.endpoints ?? [];
  if (!etcdClient) return;
  const masters = new Set(
    inventory.hosts.filter(({ roles }) => roles.includes('master')).map(({ name }) => name),
  );
  const texts = [etcdClient.ca, etcdClient.certificate, etcdClient.key.reveal()].map((text) =>
    Buffer.from(text, 'latin1'),
  );
  const script = askingScript(
    endpoints,
    texts.map(({ length }) => length),
  );
  const found = new Map<string, readonly string[]>();
  const asked = alive(fleet).filter(({ name }) => masters.has(name));
  await onEach(fleet, asked, undefined, async (member) => {
    const { stdout } = await runOn(fleet, member, { script, payload: pieces(texts), timeoutMs: 30_000 });
    found.set(member.name, endpointProblems(endpoints, stdout.toString('utf8')));
  });
  const closed = [...found].filter(([, problems]) => problems.length === endpoints.length);
  for (const [host, problems] of found) {
    for (const message of problems) {
      const level = problems.length === endpoints.length ? 'error' : 'warn';
      fleet.emit({ type: 'preflight', host, check: ETCD_CHECK, level, message });
    }
  }
  if (closed.length === 0) return;
  const lines = closed.flatMap(([host, problems]) => problems.map((problem) => `${host}: ${problem}`));
  throw new BootstrapError('E_PREFLIGHT', `etcd cannot be used:\n${lines.join('\n')}`, {
    hint: `Look at it from there: curl --noproxy '*' --cacert FILE --cert FILE --key FILE ${endpoints[0] ?? ''}/health. Nothing was changed; --ignore-preflight ${ETCD_CHECK} goes on anyway.`,
  });
}

async function* pieces(texts: readonly Buffer[]): AsyncGenerator<Uint8Array> {
  yield* await Promise.resolve(texts);
}

/** `umask` first: nobody else may open the folder between its making and the files in it. */
const askingScript = (endpoints: readonly string[], lengths: readonly number[]): string => `umask 077
k8sb_d=$(mktemp -d /run/k8s-bootstrap.XXXXXX) || exit 1
trap 'rm -rf "$k8sb_d"' EXIT
trap 'exit 1' HUP INT TERM
cd "$k8sb_d" || exit 1
${['ca', 'cert', 'key'].map((name, index) => `head -c ${quote(String(lengths[index] ?? 0))} <&${PAYLOAD_FD} > ${name}`).join('\n')}
${healthScript(endpoints, { ca: './ca', certificate: './cert', key: './key' })}`;
