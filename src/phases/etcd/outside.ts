import type { Host } from '../../inventory/types.ts';
import { paths } from '../../kernel/host-paths.ts';
import { quote, sh } from '../../kernel/quote.ts';
import { caFilesOf } from '../../pki/profiles.ts';
import type { Watch } from '../../probe/observe.ts';
import { directory, file } from '../../resources/file.ts';
import { leafFiles } from '../shared/certificates.ts';
import { withRole } from '../shared/topology.ts';
import type { Phase } from '../phase.ts';

/** How a store that somebody else runs is asked whether it is well; the same for a gate and before anything is changed. */
export interface ClientPaths {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** Where a master has them: as it would have its own. */
export const outsideEtcdFiles: ClientPaths = {
  ca: caFilesOf('etcd').certificate,
  certificate: leafFiles('apiserver-etcd-client').certificate,
  key: leafFiles('apiserver-etcd-client').key,
};

/** The store that `etcd.endpoints` names: how masters get in, and whether it answers them. */
export const outsideEtcdPhase: Phase = {
  id: 'outside-etcd',
  title: 'Access to the etcd of somebody else',
  batch: 'parallel',
  hosts: (world) => (world.inventory.etcd.outside ? withRole(world, 'master') : []),
  resources: ({ etcdClient }) => [
    directory({ path: `${paths.pki}/etcd` }),
    file({ path: outsideEtcdFiles.ca, content: etcdClient?.ca }),
    file({ path: outsideEtcdFiles.certificate, content: etcdClient?.certificate }),
    file({ path: outsideEtcdFiles.key, content: etcdClient?.key.reveal(), secret: true }),
  ],
  gates: ({ inventory }, host) => [healthOf(host, inventory.etcd.outside?.endpoints ?? [])],
};

/** How many members a store has is not for us to know: one that answers and is well has a quorum behind it. */
const healthOf = (host: Host, endpoints: readonly string[]) => ({
  title: 'etcd is healthy',
  at: host.name,
  watches: [healthWatch(endpoints)],
  judge: (seen: { answer: (key: string) => { output: string } | undefined }) => {
    const problems = endpointProblems(endpoints, seen.answer(HEALTH)?.output ?? '');
    return problems.length < endpoints.length ? undefined : problems.join('; ');
  },
  condition: `{ ${healthScript(endpoints, outsideEtcdFiles)}; } | grep -Eq '"health": *"true"'`,
  timeoutSeconds: 30,
  units: [],
});

const HEALTH = 'outside-etcd';

const healthWatch = (endpoints: readonly string[]): Watch => ({
  kind: 'answer',
  key: HEALTH,
  slow: true,
  script: healthScript(endpoints, outsideEtcdFiles),
});

/** Asks all endpoints side by side; a line for each: its number, how curl ended, and what was said. */
export const healthScript = (endpoints: readonly string[], { ca, certificate, key }: ClientPaths): string =>
  `${endpoints
    .map(
      (
        endpoint,
        index,
      ) => `{ said=$(curl -sS --connect-timeout 3 --max-time 5 --noproxy '*' ${sh`--cacert ${ca} --cert ${certificate} --key ${key}`} ${quote(`${endpoint}/health`)} 2>&1)
  code=$?; printf '%s %s %s\\n' ${quote(String(index))} $code "$(printf '%s' "$said" | head -n 1 | cut -c 1-200)"; } &`,
    )
    .join('\n')}
wait`;

/** What is wrong with each endpoint that is not well, as sentences. https://curl.se/libcurl/c/libcurl-errors.html */
export function endpointProblems(endpoints: readonly string[], output: string): string[] {
  const said = new Map(
    [...output.matchAll(/^(\d+) (\d+) (.*)$/gm)].map(([, index, code, text]) => [
      Number(index),
      { code: Number(code), text: text ?? '' },
    ]),
  );
  return endpoints.flatMap((endpoint, index) => {
    const answer = said.get(index);
    if (answer?.code === 0 && /"health": *"true"/.test(answer.text)) return [];
    return [`${endpoint} ${whyOf(answer)}`];
  });
}

function whyOf(answer: { readonly code: number; readonly text: string } | undefined): string {
  if (answer === undefined) return 'was not asked';
  if (answer.code === 0) return 'answers, and is not healthy: has it a quorum?';
  return CAUSES[answer.code] ?? `could not be asked (curl ended with ${answer.code})`;
}

const CAUSES: Readonly<Partial<Record<number, string>>> = {
  6: 'has a name that is not known there',
  7: 'refuses connections, or no route leads to it',
  22: 'answers with an error',
  28: 'does not answer in time',
  35: 'refuses the certificate of etcd.cert, or speaks no TLS',
  51: 'has a certificate that is made out to another name',
  52: 'ends the connection without an answer',
  55: 'refuses the certificate of etcd.cert',
  56: 'refuses the certificate of etcd.cert',
  58: 'cannot be asked: the certificate or key of etcd.cert cannot be used there',
  60: 'has a certificate that etcd.ca has not issued, or that is made out to another name',
  77: 'cannot be asked: etcd.ca cannot be read there',
  127: 'cannot be asked: there is no curl',
};
