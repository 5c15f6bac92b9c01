import { kubeconfig } from '../../pki/kubeconfig.ts';
import { caFilesOf } from '../../pki/profiles.ts';
import type { World } from '../phase.ts';

/** Text of a kubeconfig for the API at `server` whose certificate lies in files of its own: no secret, so its changes can be shown. */
export const hostKubeconfig = (
  world: World,
  server: string,
  user: string,
  files: { readonly certificate: string; readonly key: string },
): string =>
  kubeconfig({
    cluster: world.inventory.name,
    server,
    user,
    ca: { file: caFilesOf('cluster').certificate },
    certificate: { file: files.certificate, keyFile: files.key },
  });
