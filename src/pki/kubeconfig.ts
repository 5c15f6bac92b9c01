import { dump } from 'js-yaml';
import type { Secret } from '../kernel/secret.ts';

export interface KubeconfigInput {
  /** Name of the cluster inside the file. */
  readonly cluster: string;
  /** `https://host:port` */
  readonly server: string;
  readonly user: string;
  /** A path on the machine that will read the kubeconfig, or the PEM itself. */
  readonly ca: { readonly file: string } | { readonly data: string };
  readonly certificate?: ClientCertificate | undefined;
  /** Bearer token, for a user who has one; with a certificate as well, the API server believes either. */
  readonly token?: Secret | undefined;
  /** Where kubectl looks when nobody says where; `default` otherwise. */
  readonly namespace?: string | undefined;
}

type ClientCertificate =
  { readonly file: string; readonly keyFile: string } | { readonly data: string; readonly keyData: Secret };

/**
 * A kubeconfig with one cluster, one user and one context. It is a secret when it embeds a key, plain text otherwise.
 * https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
 */
export function kubeconfig({
  cluster,
  server,
  user,
  ca,
  certificate,
  token,
  namespace,
}: KubeconfigInput): string {
  const context = `${user}@${cluster}`;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: cluster, cluster: { server, ...authority(ca) } }],
    users: [
      {
        name: user,
        user: { ...(certificate && credentials(certificate)), ...(token && { token: token.reveal() }) },
      },
    ],
    contexts: [{ name: context, context: { cluster, user, ...(namespace !== undefined && { namespace }) } }],
    'current-context': context,
  };
  return dump(config, { lineWidth: -1, noRefs: true });
}

const authority = (ca: KubeconfigInput['ca']): object =>
  'file' in ca ? { 'certificate-authority': ca.file } : { 'certificate-authority-data': base64(ca.data) };

const credentials = (certificate: ClientCertificate): object =>
  'file' in certificate
    ? { 'client-certificate': certificate.file, 'client-key': certificate.keyFile }
    : {
        'client-certificate-data': base64(certificate.data),
        'client-key-data': base64(certificate.keyData.reveal()),
      };

const base64 = (text: string): string => Buffer.from(text).toString('base64');
