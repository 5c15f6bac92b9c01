import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import forge from 'node-forge';
import type { Secret } from '../kernel/secret.ts';
import { attribute } from './issue-certificate.ts';
import type { CertificateSpec } from './spec.ts';

/**
 * The request (PKCS #10, RFC 2986) that a certificate would be asked for with: the subject of `spec`, signed by the
 * key. The same key and subject always give the same request.
 * @param key private key, PEM
 * @returns PEM with LF line ends
 */
export function signingRequest(spec: CertificateSpec, key: Secret): string {
  const privateKey = createPrivateKey(key.reveal());
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const request = forge.pki.createCertificationRequest();
  request.publicKey = forge.pki.publicKeyFromAsn1(forge.asn1.fromDer(spki.toString('latin1')));
  request.setSubject([
    ...spec.organizations.map((o) => attribute('organizationName', o)),
    attribute('commonName', spec.commonName),
  ]);
  // forge would sign in JavaScript; it has laid out what is to be signed before it asks for the signature.
  const opensslKey = {
    sign: () => {
      const info = request.certificationRequestInfo;
      const data = info ? Buffer.from(forge.asn1.toDer(info).getBytes(), 'latin1') : Buffer.alloc(0);
      return sign('sha256', data, privateKey).toString('latin1');
    },
  };
  request.sign(opensslKey as unknown as forge.pki.rsa.PrivateKey, forge.md.sha256.create());
  return forge.pki.certificationRequestToPem(request).replaceAll('\r\n', '\n');
}
