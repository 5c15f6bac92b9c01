import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CORE_SCHEMA, dump, load } from 'js-yaml';
import { type Made, fieldsOf } from '../../support/certificate-fields.ts';
import { KUBEADM_FILES, type TreeId, readGolden, subject, trustTree } from '../../support/trust-tree.ts';
import { command, settings } from './lab.ts';

const VERSION = 'v1.16.3';
const program = join(settings.cache, `mirror/release/${VERSION}/bin/linux/amd64/kubeadm`);

/** Has kubeadm make all certificates and kubeconfigs of a master, in a folder and for the subject of the table. */
export async function kubeadmTree(folder: string): Promise<Map<TreeId, Made>> {
  const pki = join(folder, 'pki');
  mkdirSync(pki, { recursive: true });
  const config = join(folder, 'config.yaml');
  writeFileSync(config, configuration(pki));
  await run('init', 'phase', 'certs', 'all', '--config', config);
  await run('init', 'phase', 'kubeconfig', 'all', '--config', config, '--kubeconfig-dir', folder);
  const entries = Object.entries(KUBEADM_FILES) as [TreeId, string][];
  return new Map(
    entries.map(([id, file]) => [
      id,
      file.endsWith('.conf') ? fromKubeconfig(folder, pki, file) : fromFiles(pki, file),
    ]),
  );
}

/**
 * The golden table: what is the same, what differs and why. The reasons are written by hand.
 * @throws when a difference has no reason, or a reason explains nothing
 */
export async function comparison(folder: string): Promise<string> {
  const [theirs, ours] = await Promise.all([
    kubeadmTree(join(folder, 'kubeadm')),
    trustTree(join(folder, 'state')),
  ]);
  const { reasons, only } = load(readGolden('reasons.yaml'), { schema: CORE_SCHEMA }) as Reasons;
  const used = new Set<Reason>();
  const why = (id: TreeId, field: string): string => {
    const reason = reasons.find((one) => one.field === field && (one.certificates?.includes(id) ?? true));
    if (!reason) throw new Error(`reasons.yaml does not say why ${field} of ${id} differs`);
    used.add(reason);
    return reason.why;
  };
  const rows = [...theirs].map(([id, made]) => {
    const kubeadm = fieldsOf(made);
    const here = fieldsOf(ours.get(id)!);
    const fields = Object.keys(here);
    const [same, other] = [
      fields.filter((field) => kubeadm[field] === here[field]),
      fields.filter((field) => kubeadm[field] !== here[field]),
    ];
    return [
      id,
      {
        kubeadm: KUBEADM_FILES[id],
        'the same': Object.fromEntries(same.map((field) => [field, here[field]])),
        different: Object.fromEntries(
          other.map((field) => [field, { kubeadm: kubeadm[field], here: here[field], why: why(id, field) }]),
        ),
      },
    ] as const;
  });
  const idle = reasons
    .filter((reason) => !used.has(reason))
    .map(({ field, why: text }) => `${field}: ${text}`);
  if (idle.length > 0) throw new Error(`reasons that explain nothing: ${idle.join('; ')}`);
  return (
    HEAD +
    dump({ certificates: Object.fromEntries(rows), 'only here': only }, { lineWidth: -1, noRefs: true })
  );
}

interface Reasons {
  readonly reasons: readonly Reason[];
  readonly only: Readonly<Record<string, string>>;
}

interface Reason {
  readonly field: string;
  readonly certificates?: readonly TreeId[];
  readonly why: string;
}

const HEAD = `# Certificates of kubeadm ${VERSION} and of this product, made for the same host and compared field by field. This kubeadm
# was built with the lab's Go; with the Go 1.12 of its time it wrote no key ids at all.
# Written by test/e2e/cluster/76-certificates.e2e.ts (npm run test:e2e -- 76 -u); the reasons are in reasons.yaml.
`;

async function run(...args: string[]): Promise<void> {
  // Without a path of its own it would look for container runtimes, and find those of this machine.
  const { code, stdout, stderr } = await command(program, args, {
    env: { PATH: '/nonexistent', HOME: '/nonexistent' },
  });
  if (code !== 0) throw new Error(`kubeadm ${args.join(' ')}: code ${code}\n${stdout}\n${stderr}`);
}

const configuration = (pki: string): string =>
  [
    {
      apiVersion: 'kubeadm.k8s.io/v1beta2',
      kind: 'InitConfiguration',
      nodeRegistration: { name: subject.node.name },
      localAPIEndpoint: { advertiseAddress: subject.node.ips[0] },
    },
    {
      apiVersion: 'kubeadm.k8s.io/v1beta2',
      kind: 'ClusterConfiguration',
      kubernetesVersion: VERSION,
      certificatesDir: pki,
      controlPlaneEndpoint: `${subject.endpoint ?? ''}:6443`,
      networking: { serviceSubnet: '10.96.0.0/12', dnsDomain: subject.clusterDomain },
      apiServer: { certSANs: subject.extraSans },
    },
  ]
    .map((document) => dump(document))
    .join('---\n');

function fromFiles(pki: string, file: string): Made {
  const read = (name: string): string => readFileSync(join(pki, name), 'utf8');
  const ca = CA_OF[file] ?? join(dirname(file), 'ca.crt');
  return {
    certificate: read(file),
    key: read(file.replace('.crt', '.key')),
    ca: read(ca),
    at: madeAt(pki, ca),
  };
}

/** kubeadm's certificates all begin with their authority, whenever they were made. */
const madeAt = (pki: string, ca: string): Date => statSync(join(pki, ca)).mtime;

const CA_OF: Readonly<Record<string, string>> = {
  'apiserver-etcd-client.crt': 'etcd/ca.crt',
  'front-proxy-ca.crt': 'front-proxy-ca.crt',
  'front-proxy-client.crt': 'front-proxy-ca.crt',
};

function fromKubeconfig(folder: string, pki: string, file: string): Made {
  const { clusters, users } = load(readFileSync(join(folder, file), 'utf8')) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
  };
  const decoded = (text = ''): string => Buffer.from(text, 'base64').toString();
  return {
    certificate: decoded(users[0]?.user['client-certificate-data']),
    key: decoded(users[0]?.user['client-key-data']),
    ca: decoded(clusters[0]?.cluster['certificate-authority-data']),
    at: madeAt(pki, 'ca.crt'),
  };
}
