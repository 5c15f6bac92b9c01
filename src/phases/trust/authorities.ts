import { BootstrapError } from '../../kernel/errors.ts';
import { kubeconfig } from '../../pki/kubeconfig.ts';
import type { LockedText } from '../../kernel/locked-text.ts';
import type { KeptPair } from '../../pki/authority.ts';
import { caFilesOf, specFor } from '../../pki/profiles.ts';
import { CA_IDS, type CaId, type CertificateSpec } from '../../pki/spec.ts';
import { paths } from '../../kernel/host-paths.ts';
import { sh } from '../../kernel/quote.ts';
import { certificatesOf } from '../../pki/trusted.ts';
import { absentFile, directory, file } from '../../resources/file.ts';
import type { Resource } from '../../resources/resource.ts';
import type { Host, Inventory } from '../../inventory/types.ts';
import { judgeFor, subjectOf } from '../shared/certificates.ts';
import { apiOf, withRole } from '../shared/topology.ts';
import type { Phase, World } from '../phase.ts';

export const clientCaFile = `${paths.pki}/client-ca.crt`;
export const serviceAccountKeyFile = `${paths.pki}/sa.key`;
export const serviceAccountPublicFile = `${paths.pki}/sa.pub`;
/** Who the administrator is to Kubernetes; the name is that in `pki/profiles.yaml`. */
export const ADMINISTRATOR = 'kubernetes-admin';
/** The administrator's, as every master has them. */
export const adminFiles = [`${paths.pki}/admin.crt`, `${paths.pki}/admin.key`, paths.adminConf] as const;
const signingCaFile = `${paths.pki}/ca-signing.crt`;
const kubeletClientCaFile = `${paths.pki}/kubelet-client-ca.crt`;

/** Authorities that are made for a cluster: whoever runs its etcd has one for that. */
export const ownAuthorities = ({ etcd }: Inventory): readonly CaId[] =>
  CA_IDS.filter((id) => id !== 'etcd' || !etcd.outside);

/** Those that masters have beside the cluster's, whose key every host's mark names. */
export const handedDown = (inventory: Inventory): readonly CaId[] =>
  ownAuthorities(inventory).filter((id) => id !== 'cluster');

/** The authorities each host trusts, and on masters those it needs to act: see `pki/profiles.yaml`. */
export const trustPhase: Phase = {
  id: 'trust',
  title: 'Certificate authorities and keys',
  batch: 'parallel',
  hosts: (world) => withRole(world, 'master', 'worker'),
  // Whether they are this state folder's, as preflight asks, only the certificates themselves tell.
  watch: ({ inventory }, host) =>
    host.roles.includes('master')
      ? [...handedDown(inventory).map((id) => caFilesOf(id).certificate), serviceAccountPublicFile].map(
          (key) => ({ kind: 'file', key, read: 'content' }) as const,
        )
      : [],
  resources: (world, host) => [
    directory({ path: paths.kubernetes }),
    directory({ path: paths.pki }),
    file({ path: caFilesOf('cluster').certificate, content: world.pki.trustPem('cluster') }),
    ...(kubeletClientCaOf(world) === kubeletClientCaFile
      ? [file({ path: kubeletClientCaFile, content: world.pki.anchorPem('cluster') })]
      : []),
    ...(host.roles.includes('master') ? ofMaster(world, host) : []),
  ],
};

/**
 * The authority that the controller-manager signs with. 1.16 does not start with a file of several certificates there
 * (pkg/controller/certificates/signer/cfssl_signer.go), so that the issuing one gets its own while more are trusted.
 */
export const signingCaOf = (world: World): string =>
  certificatesOf(world.pki.trustPem('cluster') ?? '').length > 1
    ? signingCaFile
    : caFilesOf('cluster').certificate;

/**
 * Whose certificates a kubelet lets in. Where the cluster's authority is not a root, `ca.crt` holds those above it as
 * well, of which nothing else may open a kubelet.
 */
export const kubeletClientCaOf = ({ pki }: World): string =>
  pki.trustPem('cluster') === pki.anchorPem('cluster')
    ? caFilesOf('cluster').certificate
    : kubeletClientCaFile;

/** The administrator's certificate, while it will do; a new one is made before anything is applied. */
export function admin(world: World): KeptPair | undefined {
  const issued = world.pki.admin();
  return issued && judgeFor(world, adminSpec(world), issued.certificate).fit ? issued : undefined;
}

/** What the administrator's certificate has to look like. It names nobody but its user and group. */
export const adminSpec = (world: World): CertificateSpec =>
  specFor('admin', subjectOf(world, withRole(world, 'master')[0] ?? neverEmpty(world)));

/** The administrator's kubeconfig with everything in it, for whoever holds the file. */
export function adminKubeconfig(world: World, server: string): string | LockedText | undefined {
  const issued = admin(world);
  const ca = world.pki.trustPem('cluster');
  if (!issued || ca === undefined) return undefined;
  return world.pki.keyText('admin', (keyData) =>
    kubeconfig({
      cluster: world.inventory.name,
      server,
      user: ADMINISTRATOR,
      ca: { data: ca },
      certificate: { data: issued.certificate, keyData },
    }),
  );
}

function ofMaster(world: World, host: Host): Resource[] {
  const { pki, inventory } = world;
  const issued = admin(world);
  const own = ownAuthorities(inventory);
  const keys = own.map((id) => file({ path: caFilesOf(id).key, content: pki.keyText(id), secret: true }));
  return [
    ...(inventory.etcd.outside ? [] : [directory({ path: `${paths.pki}/etcd` })]),
    ...handedDown(inventory).map((id) =>
      file({ path: caFilesOf(id).certificate, content: pki.trustPem(id) }),
    ),
    ...(inventory.pki.caKeys === 'masters' ? keys : []),
    signingCaOf(world) === signingCaFile
      ? file({ path: signingCaFile, content: certificatesOf(pki.caPem('cluster') ?? '')[0] })
      : absentFile(signingCaFile, 'one certificate is trusted'),
    file({ path: clientCaFile, content: pki.clientCaPem() }),
    file({ path: serviceAccountKeyFile, content: pki.keyText('service-account'), secret: true }),
    file({ path: serviceAccountPublicFile, content: pki.tokenKeysPem() }),
    file({ path: adminFiles[0], content: issued?.certificate }),
    file({ path: adminFiles[1], content: issued && pki.keyText('admin'), secret: true }),
    file({ path: adminFiles[2], content: adminKubeconfig(world, apiOf(world, host)), secret: true }),
    file({ path: '/etc/profile.d/kubectl.sh', content: KUBECTL_ENVIRONMENT }),
  ];
}

const KUBECTL_ENVIRONMENT = sh`# kubectl for root, as the administrator; a kubeconfig of root's own comes first.
if [ -z "\${KUBECONFIG:-}" ] && [ -r ${paths.adminConf} ] && [ ! -e "$HOME/.kube/config" ]; then
  export KUBECONFIG=${paths.adminConf}
fi
`;

function neverEmpty(world: World): never {
  throw new BootstrapError('E_BUG', `the inventory ${world.inventory.name} has no master`);
}
