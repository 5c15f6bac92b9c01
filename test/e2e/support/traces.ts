import { HOSTS, onHosts } from './lab.ts';

/** What is another each time it is made: certificates and what has one in it, tokens, and the mark of a cluster, which is its key's. */
const MADE_ANEW =
  /\/pki\/|\/etc\/kubernetes\/[\w-]+\.conf$|token|encryption|\.kubeconfig$|\/k8s-bootstrap\/cluster$/;

/** What the program says it has made of each host, by host: a line for each path, with its digest where that tells something. */
export async function built(): Promise<Map<string, string[]>> {
  const manifests = await onHosts('sort -k2 /var/lib/k8s-bootstrap/manifest');
  return new Map(
    [...manifests].map(([host, text]) => [
      host,
      text
        .trim()
        .split('\n')
        .map((line) => line.split('\t'))
        .map(([digest = '', path = '', phase = '']) =>
          [path, phase, MADE_ANEW.test(path) ? '' : digest].join(' ').trim(),
        )
        .toSorted(),
    ]),
  );
}

/** Files on hosts that a run had for a while, and should not have left: there may be secrets in them. */
export async function leftovers(): Promise<string[]> {
  const found = await onHosts(
    `find /etc /usr/local /opt /var/lib /run /tmp /var/tmp -xdev -name '*k8s-bootstrap.??????*' 2>/dev/null
     find /var/lib/k8s-bootstrap/tmp -mindepth 1 2>/dev/null; true`,
  );
  return HOSTS.flatMap((host) =>
    (found.get(host) ?? '')
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => `${host} ${line}`),
  );
}
