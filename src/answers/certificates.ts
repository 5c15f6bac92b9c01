export interface CertificateList {
  readonly certificates: readonly CertificateRow[];
  /** ISO 8601; all of them end by then, if that was asked for. */
  readonly endBefore: string | null;
  /** Days before its end from which on a certificate is warned of. */
  readonly warnDays: number;
}

/** One certificate at one place. */
export interface CertificateRow {
  /** `null` for this machine. */
  readonly host: string | null;
  /** `null` for one that its server made for itself and keeps in memory. */
  readonly file: string | null;
  /** What `certs renew --only` calls it; `null` for authorities, users' and copies. */
  readonly name: string | null;
  /** Serial number in hex. */
  readonly serial: string;
  readonly subject: string;
  readonly issuer: string;
  /** Key id, hex, of the authority that issued it, which tells two of one name apart; `null` when it does not say. */
  readonly issuerKeyId: string | null;
  readonly sans: readonly string[];
  readonly authority: boolean;
  /** ISO 8601; of the one on disk. */
  readonly notAfter: string;
  /** Whole days from now; negative when it is over. */
  readonly daysLeft: number;
  readonly served: Served | null;
}

/** What a server answered with when its own host asked it. */
export interface Served {
  readonly address: string;
  readonly unit: string;
  /** `same` as on disk, `other`, or why it is not known: `no answer`, `no openssl`. */
  readonly state: 'same' | 'other' | 'no answer' | 'no openssl';
  /** `null` when it is not known, as below. */
  readonly serial: string | null;
  /** ISO 8601. */
  readonly notAfter: string | null;
  readonly daysLeft: number | null;
}

/** When the first of the two ends: the one on disk, and the one that is served instead. */
export function endOf({ notAfter, daysLeft, served }: CertificateRow): {
  readonly notAfter: string;
  readonly daysLeft: number;
} {
  return served?.notAfter != null && served.daysLeft !== null && served.notAfter < notAfter
    ? { notAfter: served.notAfter, daysLeft: served.daysLeft }
    : { notAfter, daysLeft };
}

/** Authorities that hosts are to trust as one of the cluster's. */
export interface TrustedAuthorities {
  readonly authority: string;
  /** The first one issues. */
  readonly trusted: readonly {
    readonly commonName: string;
    /** ISO 8601. */
    readonly notAfter: string;
    readonly fingerprint: string;
  }[];
}

/** How far an authority, or the key of service accounts' tokens, has got on the way of handing over to another. */
export interface Rotated {
  /** Of the trust tree, or `service-account`. */
  readonly what: string;
  /** `begun`: another is believed beside it. `handed-over`: the other is used, the former still believed. `done`. */
  readonly reached: 'begun' | 'handed-over' | 'done';
  /** Of the one that is used from now on; `null` for a key without a certificate. */
  readonly issuing: TrustedAuthorities['trusted'][number] | null;
  /** The longest time, in seconds, in which no API server answered on this machine; `null` when none can be reached from it. */
  readonly silentSeconds: number | null;
}
