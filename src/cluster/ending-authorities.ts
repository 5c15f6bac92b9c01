import { CA_IDS, WARN_DAYS } from '../pki/spec.ts';
import type { GivenClient } from '../pki/given-client.ts';
import type { PkiStore } from '../pki/open-pki-store.ts';
import { readCertificate } from '../pki/read-certificate.ts';
import { certificatesOf } from '../pki/trusted.ts';
import { count } from '../report/text.ts';

/** Authorities that end soon, as sentences: unlike certificates, `up` does not renew them. */
export const endingAuthorities = (pki: PkiStore, now: Date): string[] =>
  CA_IDS.flatMap((id) => {
    const expires = pki.caExpires(id);
    const days = expires && Math.floor((expires.getTime() - now.getTime()) / DAY);
    if (days === undefined || days < 0 || days >= WARN_DAYS) return [];
    return [
      `the authority "${id}" ends in ${count(days, 'day')}, and all that it has issued with it: "k8s-bootstrap certs rotate-ca ${id}" has another take over (docs/decisions/021-ca-rotation.md)`,
    ];
  });

/** The same of the certificates with which an etcd is spoken to that somebody else runs. */
export const endingClient = (client: GivenClient | undefined, now: Date): string[] =>
  client === undefined
    ? []
    : (
        [
          ['etcd.cert', client.certificate],
          ['etcd.ca', client.ca],
        ] as const
      ).flatMap(([field, text]) => {
        const ends = certificatesOf(text).map((pem) => readCertificate(pem).notAfter.getTime());
        const days = Math.floor((Math.min(...ends) - now.getTime()) / DAY);
        return days >= WARN_DAYS
          ? []
          : [
              days < 0
                ? `a certificate in the file of ${field} has expired`
                : `a certificate in the file of ${field} ends in ${count(days, 'day')}: whoever runs that etcd issues another`,
            ];
      });

const DAY = 86_400_000;
