import type { TrustedAuthorities } from '../../answers/certificates.ts';

export const certsTrustText = ({ authority, trusted }: TrustedAuthorities): string =>
  [
    `Trusted as "${authority}" from the next "k8s-bootstrap up" on, which restarts what reads it:`,
    ...trusted.map(
      ({ commonName, notAfter }, index) =>
        `  ${commonName}, until ${notAfter.slice(0, 10)}${index === 0 ? ', which issues' : ''}`,
    ),
    '',
  ].join('\n');
