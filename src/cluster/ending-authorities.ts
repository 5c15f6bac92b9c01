import { CA_IDS, WARN_DAYS } from '../pki/spec.ts';
import type { PkiStore } from '../pki/open-pki-store.ts';
import { count } from '../report/text.ts';

/** Authorities that end soon, as sentences: unlike certificates, `up` does not renew them. */
export const endingAuthorities = (pki: PkiStore, now: Date): string[] =>
  CA_IDS.flatMap((id) => {
    const expires = pki.caExpires(id);
    const days = expires && Math.floor((expires.getTime() - now.getTime()) / DAY);
    if (days === undefined || days < 0 || days >= WARN_DAYS) return [];
    return [
      `the authority "${id}" ends in ${count(days, 'day')}, and all that it has issued with it: docs/decisions/021-ca-rotation.md says how another takes over`,
    ];
  });

const DAY = 86_400_000;
