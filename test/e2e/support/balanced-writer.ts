import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { load } from 'js-yaml';
import { type AnyHost, onHost, tryOnHost } from './lab.ts';

/** How a client on a node gets to the API, and to nothing else. */
export interface Way {
  readonly server: string;
  /** Names the name in the server's certificate, and whatever else curl needs for it. */
  readonly curl: string;
  /** Put before curl: to be where a pod is. */
  readonly inside: string;
}

export const BALANCER: Way = { server: 'https://127.0.0.1:6444', curl: '', inside: '' };

/**
 * By the address of the service, which kube-proxy sends to one API server after the other. One that is off is among
 * them for the fifteen seconds of its lease: whoever waits long for each gets nowhere.
 * https://github.com/kubernetes/kubernetes/blob/v1.16.3/pkg/master/reconcilers/lease.go
 */
export const service = (address: string, inside: string): Way => ({
  server: `https://${address}:443`,
  curl: '--connect-timeout 1',
  inside,
});

/** What a client on a node got. */
export interface Balanced {
  readonly acknowledged: number;
  /** Writes that were acknowledged, and that the cluster has not. */
  readonly lost: readonly string[];
  /** The longest time without an acknowledged write. */
  readonly longestGapMs: number;
}

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

let writers = 0;

/**
 * Writes a ConfigMap after the other on a node while something goes on, each by a connection of its own, and two seconds
 * longer. The administrator's certificate goes there on stdin, into a folder in memory that is gone afterwards.
 * @param asks where it is looked up afterwards what is there; where it was on all along
 */
export async function writesDuring(
  node: AnyHost,
  state: string,
  asks: AnyHost,
  goesOn: () => Promise<unknown>,
  way: Way = BALANCER,
): Promise<Balanced> {
  writers += 1;
  const label = `balanced-${String(Date.now())}-${String(writers)}`;
  const stop = `/run/${label}.stop`;
  const running = tryOnHost(node, script(state, label, stop, way));
  try {
    await sleep(1_000);
    await goesOn();
    await sleep(2_000);
  } finally {
    await onHost(node, `touch ${stop}`);
  }
  const { stdout, stderr } = await running;
  const writes = [...stdout.matchAll(/^(\d+) (\S+)$/gm)].map(([, at, name = '']) => ({
    at: Number(at),
    name,
  }));
  if (writes.length < 2) throw new Error(`hardly a write was acknowledged on ${node}: ${stderr}`);
  // Its last line says when it ended: a silence that lasted to the end is one, too.
  const moments = writes.map(({ at }) => at);
  const gaps = moments.slice(1).map((at, index) => at - moments[index]!);
  const there = await onHost(
    asks,
    `/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf get configmaps -l writer=${label} -o name`,
  );
  const names = new Set(there.split('\n').map((line) => line.replace('configmap/', '')));
  const acknowledged = writes.filter(({ name }) => name !== 'end').map(({ name }) => name);
  return {
    acknowledged: acknowledged.length,
    lost: acknowledged.filter((name) => !names.has(name)),
    longestGapMs: Math.max(...gaps),
  };
}

function script(state: string, label: string, stop: string, { server, curl, inside }: Way): string {
  const { users, clusters } = load(readFileSync(join(state, 'kubeconfig/admin.conf'), 'utf8')) as {
    readonly users: readonly [{ user: Record<string, string> }];
    readonly clusters: readonly [{ cluster: Record<string, string> }];
  };
  const files = {
    ca: clusters[0].cluster['certificate-authority-data'],
    crt: users[0].user['client-certificate-data'],
    key: users[0].user['client-key-data'],
  };
  return `umask 077
d=$(mktemp -d /run/balanced-writer.XXXXXX)
trap 'rm -rf "$d" ${stop}' EXIT
${Object.entries(files)
  .map(([name, base64]) => `base64 -d > "$d/${name}" <<'END'\n${base64 ?? ''}\nEND`)
  .join('\n')}
n=0
while [ ! -e ${stop} ] && [ $n -lt 20000 ]; do
  n=$((n + 1))
  code=$(printf '{"metadata":{"name":"%s-%s","labels":{"writer":"%s"}}}' ${label} $n ${label} |
    ${inside} curl -sS --noproxy '*' --max-time 5 ${curl} --cacert "$d/ca" --cert "$d/crt" --key "$d/key" -o /dev/null -w '%{http_code}' \\
      -H 'content-type: application/json' -d @- ${server}${CONFIG_MAPS} 2> "$d/said")
  if [ "$code" = 201 ]; then echo "$(date +%s%3N) ${label}-$n"; else cat "$d/said" >&2; sleep 0.1; fi
done
echo "$(date +%s%3N) end"
`;
}
