/** A state folder that was made anew. */
export interface Adopted {
  readonly stateFolder: string;
  /** Those that were read. */
  readonly masters: readonly string[];
  /** Names of the files that were missing in the folder. */
  readonly files: readonly string[];
  /** How many rows of the token file were taken over. */
  readonly tokens: number;
  /** Users that `issue-user` made, as far as the cluster tells of them. */
  readonly issued: readonly string[];
  /** Users of whom the cluster knows, and the state folder did not, that they were revoked. */
  readonly revoked: readonly string[];
  /** Users of the inventory, who got new keys and certificates. */
  readonly users: readonly string[];
}

/** An inventory that was written. */
export interface NewInventory {
  readonly file: string;
  /** The file as one names it from where the command was run. */
  readonly shown: string;
  readonly name: string;
  readonly hosts: readonly {
    readonly name: string;
    readonly address: string;
    readonly roles: readonly string[];
  }[];
}

export interface ValidInventory {
  readonly valid: true;
  readonly file: string;
  readonly hosts: number;
  /** Of Kubernetes. */
  readonly version: string;
  readonly profile: string;
  readonly weaknesses: readonly KnownWeakness[];
}

/** What is known to be weak in a version of Kubernetes. */
export interface KnownWeakness {
  /** `CVE-2020-8558`. */
  readonly id: string;
  readonly says: string;
  readonly link: string;
  /** The first version without it; `null` when there is none. */
  readonly mendedIn: string | null;
  /** What helps without another version; `null` when nothing is known to. */
  readonly remedy: string | null;
}

/** What texts of `explain` are written in. */
export type ExplainedIn = 'en' | 'zh';

export interface ExplainedFile {
  readonly language: ExplainedIn;
  readonly file: string;
  readonly found: readonly FileFact[];
}

/** Where a file of the hosts comes from. */
export interface FileFact {
  readonly path: string;
  readonly phase: string;
  readonly title: string;
  readonly hosts: readonly string[];
  readonly kind: 'certificate' | 'key' | 'binary' | 'file' | 'folder' | 'part';
  /** The certificate that a key is for, or what a part is of. */
  readonly of: string | undefined;
  readonly why: string | undefined;
  /** Units that start anew when it changes. */
  readonly restarts: readonly string[];
}

export interface ExplainedField {
  readonly language: ExplainedIn;
  readonly field: string;
  readonly found: FieldFact;
}

/** What a field of the inventory is for. */
export interface FieldFact {
  readonly field: string;
  /** As `schema` has it; `null` where that says nothing. */
  readonly what: string | null;
  /** What may stand there, as an inventory is written: `secure | cis | course`, `[string]`. */
  readonly takes: string;
  /** As JSON; `null` when there is none, or it depends on something else. */
  readonly default: string | null;
  /** Where this inventory says it; nowhere when empty. */
  readonly sources: readonly string[];
}

export interface ExplainedThing {
  readonly language: ExplainedIn;
  readonly thing: string;
  readonly found: readonly ThingFact[];
}

/** What something with a name is that is neither a flag nor a file. */
export interface ThingFact {
  readonly kind: 'unit' | 'authority' | 'certificate' | 'object' | 'addon';
  readonly name: string;
  readonly why: string;
  /** Who puts it where; `undefined` when nothing of the inventory wants it. */
  readonly wanted:
    { readonly phase: string; readonly title: string; readonly hosts: readonly string[] } | undefined;
  /** Where it lies on hosts. */
  readonly files: readonly string[];
  /** Of a certificate or an authority. */
  readonly issued:
    { readonly subject: string; readonly by: string | undefined; readonly days: number } | undefined;
}

export interface ExplainedFlag {
  readonly language: ExplainedIn;
  readonly flag: string;
  readonly found: readonly FlagFact[];
}

/** Where a flag of a component comes from. */
export interface FlagFact {
  readonly component: string;
  readonly flag: string;
  readonly values: readonly { readonly value: string; readonly hosts: readonly string[] }[];
  readonly why: string | undefined;
  readonly link: string;
  /** Profile and inventory lines, the ones that win last. */
  readonly sources: readonly string[];
  readonly phase: string | undefined;
  /** The file of the unit. */
  readonly unit: string;
  readonly cis: readonly string[];
  readonly deprecated: boolean;
}
