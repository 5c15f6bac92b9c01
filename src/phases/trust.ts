import { BootstrapError } from '../kernel/errors.ts';
import { kubeconfig } from '../pki/kubeconfig.ts';
import type { Issued } from '../pki/authority.ts';
import { caFilesOf, specFor } from '../pki/profiles.ts';
import { CA_IDS, type CertificateSpec } from '../pki/spec.ts';
import { paths } from '../release/paths.ts';
import { directory, file } from '../resources/file.ts';
import type { Resource } from '../resources/resource.ts';
import type { Host } from '../inventory/types.ts';
import { judgeFor, subjectOf } from './certificates.ts';
import { apiFor, withRole } from './cluster.ts';
import type { Phase, World } from './phase.ts';

export const clientCaFile = `${paths.pki}/client-ca.crt`;
export const serviceAccountKeyFile = `${paths.pki}/sa.key`;
export const serviceAccountPublicFile = `${paths.pki}/sa.pub`;

/** The authorities each host trusts, and on masters those it needs to act: see `pki/profiles.yaml`. */
export const trustPhase: Phase = {
  id: 'trust',
  title: 'Certificate authorities and keys',
  batch: 'parallel',
  hosts: (world) => withRole(world, 'master', 'worker'),
  resources: (world, host) => [
    directory({ path: paths.kubernetes }),
    directory({ path: paths.pki }),
    file({ path: caFilesOf('cluster').certificate, content: world.pki.caPem('cluster') }),
    ...(host.roles.includes('master') ? ofMaster(world, host) : []),
  ],
};

/** The administrator's certificate, while it will do; a new one is made before anything is applied. */
export function admin(world: World): Issued | undefined {
  const issued = world.pki.admin();
  return issued && judgeFor(world, adminSpec(world), issued.certificate).fit ? issued : undefined;
}

/** What the administrator's certificate has to look like. It names nobody but its user and group. */
export const adminSpec = (world: World): CertificateSpec =>
  specFor('admin', subjectOf(world, withRole(world, 'master')[0] ?? neverEmpty(world)));

/** The administrator's kubeconfig with everything in it, for whoever holds the file. */
export function adminKubeconfig(world: World, server: string): string | undefined {
  const issued = admin(world);
  const ca = world.pki.caPem('cluster');
  if (!issued || ca === undefined) return undefined;
  return kubeconfig({
    cluster: world.inventory.name,
    server,
    user: 'kubernetes-admin',
    ca: { data: ca },
    certificate: { data: issued.certificate, keyData: issued.key },
  });
}

function ofMaster(world: World, host: Host): Resource[] {
  const { pki, inventory } = world;
  const issued = admin(world);
  const keys = CA_IDS.map((id) =>
    file({ path: caFilesOf(id).key, content: pki.caKey(id)?.reveal(), secret: true }),
  );
  return [
    directory({ path: `${paths.pki}/etcd` }),
    ...(['etcd', 'front-proxy', 'users'] as const).map((id) =>
      file({ path: caFilesOf(id).certificate, content: pki.caPem(id) }),
    ),
    ...(inventory.pki.caKeys === 'masters' ? keys : []),
    file({ path: clientCaFile, content: pki.clientCaPem() }),
    file({ path: serviceAccountKeyFile, content: pki.serviceAccount()?.privateKey.reveal(), secret: true }),
    file({ path: serviceAccountPublicFile, content: pki.serviceAccount()?.publicKey }),
    file({ path: `${paths.pki}/admin.crt`, content: issued?.certificate }),
    file({ path: `${paths.pki}/admin.key`, content: issued?.key.reveal(), secret: true }),
    file({ path: paths.adminConf, content: adminKubeconfig(world, apiFor(world, host)), secret: true }),
  ];
}

function neverEmpty(world: World): never {
  throw new BootstrapError('E_BUG', `the inventory ${world.inventory.name} has no master`);
}
