import { BootstrapError, ExitCode } from '../../../kernel/errors.ts';
import { quote, sh } from '../../../kernel/quote.ts';
import { someOf } from '../../../kernel/some-of.ts';
import { PART_LABEL } from '../../../phases/shared/parts.ts';
import { kubectl } from '../../../resources/cluster/kube-api.ts';
import { type Fleet, type Member, runOn } from '../../../run/fleet.ts';
import { type ProcedureStep, running } from '../../../run/procedure.ts';

/** A pod that read its token, and the authorities beside it, when it was started. */
export interface Pod {
  readonly namespace: string;
  readonly name: string;
}

/** Something of ours that makes pods. */
export interface Workload extends Pod {
  /** As kubectl takes it. */
  readonly kind: string;
}

const TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount';
const SEPARATOR = '==';

const line = (...fields: string[]): string =>
  `jsonpath={range .items[*]}${fields.map((field) => `{${field}}`).join('{"\\t"}')}{"\\n"}{end}`;
const POD = line(
  '.metadata.namespace',
  '.metadata.name',
  '.status.startTime',
  '.metadata.deletionTimestamp',
  // Its name, not the path: whoever makes a pod writes into a path whatever he likes, lines of others' too.
  `.spec.containers[*].volumeMounts[?(@.mountPath=="${TOKEN}")].name`,
);
const WORKLOAD = line('.kind', '.metadata.namespace', '.metadata.name');

const QUESTION = `${kubectl} get pods --all-namespaces --field-selector=status.phase!=Succeeded,status.phase!=Failed -o ${quote(POD)} &&
echo ${SEPARATOR} &&
${kubectl} get deployments,daemonsets --all-namespaces -l ${PART_LABEL} -o ${quote(WORKLOAD)}`;

export interface Readers {
  /** Pods that were started before a moment. */
  readonly stale: readonly Pod[];
  /** What makes those of them that are ours. */
  readonly own: readonly Workload[];
  /** All pods that were started before, also those that end, and those whose token lies where nobody looks for it. */
  readonly earlier: readonly Pod[];
}

/** Kinds as kubectl names them, and restarts them. */
const KINDS = ['Deployment', 'DaemonSet'];

/**
 * By the answer to the question; pods that end already, and those without a token, don't count.
 * @throws E_API_DOWN for what is no answer to it
 */
export function readersIn(answer: string, before: Date): Readers {
  const [pods = '', workloads = '', ...more] = answer.split(`${SEPARATOR}\n`);
  const found = rows(pods)
    .filter(([, , started = '']) => !(Date.parse(started) >= before.getTime()))
    .map(([namespace = '', name = '', , ends = '', mounts = '']) => ({
      pod: { namespace, name },
      isStale: ends === '' && mounts !== '',
    }));
  const stale = found.flatMap(({ pod, isStale }) => (isStale ? [pod] : []));
  const own = rows(workloads).map(([kind = '', namespace = '', name = '']) => ({ kind, namespace, name }));
  if (more.length > 0 || own.some(({ kind }) => !KINDS.includes(kind))) {
    throw new BootstrapError(
      'E_API_DOWN',
      'what pods there are is told in another form than it was asked for',
    );
  }
  return {
    stale,
    own: own.filter((workload) => stale.some((pod) => madeBy(workload, pod))),
    earlier: found.map(({ pod }) => pod),
  };
}

const rows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((row) => row !== '')
    .map((row) => row.split('\t'));

const madeBy = ({ namespace, name }: Workload, pod: Pod): boolean =>
  pod.namespace === namespace && pod.name.startsWith(`${name}-`);

/** Asks a master. @throws E_API_DOWN */
export async function askReaders(fleet: Fleet, master: Member, before: Date): Promise<Readers> {
  const { code, stdout, stderr } = await runOn(fleet, master, { script: QUESTION, timeoutMs: 120_000 });
  if (code === 0) return readersIn(stdout.toString('utf8'), before);
  throw new BootstrapError('E_API_DOWN', `${master.name} does not tell which pods there are`, {
    cause: new BootstrapError('E_API_DOWN', stderr.toString('utf8').trim().slice(0, 500)),
    where: { host: master.name },
  });
}

const PATIENCE_SECONDS = 300;

/** Other pods in place of ours, as their own strategy has it: CoreDNS one after the other. */
export function restartOf(at: string, own: readonly Workload[]): ProcedureStep {
  const names = own.map(({ namespace, name }) => `${namespace}/${name}`).join(', ');
  const each = (verb: string, more = ''): string[] =>
    own.map(
      ({ kind, namespace, name }) =>
        `${kubectl} rollout ${verb} ${sh`-n ${namespace} ${`${kind}/${name}`}`}${more}`,
    );
  const script = [...each('restart'), ...each('status', ` --timeout=${PATIENCE_SECONDS}s`)].join(' &&\n');
  return {
    id: 'pods-restart',
    title: `start the pods of ${names} anew, which read the authorities when they start`,
    hosts: [at],
    does: running(`restart ${names}`, script, PATIENCE_SECONDS * own.length),
  };
}

const NAMED = 20;

/** What a plan says of a step that `refuseStale` may stand before. */
export const WAITS_FOR_PODS =
  'not before pods of yours that run now are restarted, which are named then (--leave-pods goes on without)';

/** @throws E_ROTATION_PODS, exit code 3, for pods that only their owners may restart */
export function refuseStale(stale: readonly Pod[], what: string): void {
  if (stale.length === 0) return;
  const names = stale.map(({ namespace, name }) => `${namespace}/${name}`);
  throw new BootstrapError(
    'E_ROTATION_PODS',
    `pods were started before, and those among them that ask the API server read once ${what}: ${someOf(names, NAMED)}`,
    {
      hint: 'Restart what made them (kubectl -n NAMESPACE rollout restart KIND NAME; a pod that nothing made: delete it and make it again), then run it again: it goes on from here. --leave-pods goes on without: then those that ask the API server fail until they are restarted. The cluster works as it is, and "up" is safe.',
      exitCode: ExitCode.attention,
    },
  );
}
