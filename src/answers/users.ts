import type { KubeObject } from '../kernel/kube-object.ts';

export interface UserList {
  readonly users: readonly UserRow[];
}

/** Whoever can get in, as far as it is known. */
export interface UserRow {
  readonly name: string;
  readonly kind: 'User' | 'Group';
  /** Who says so: the inventory, `issue-user`, nobody any more, or somebody else (a binding, a token row). */
  readonly source: 'inventory' | 'issued' | 'forgotten' | 'revoked' | 'others';
  /** When the certificate expires, ISO 8601; `null` without one. */
  readonly certificate: string | null;
  readonly token: boolean;
  readonly groups: readonly string[];
  /** `admin (default)`, and without a namespace what holds everywhere. */
  readonly roles: readonly string[];
}

export interface IssuedUser {
  readonly user: string;
  /** Where everything is that the user needs. */
  readonly folder: string;
  /** When the certificate expires, ISO 8601; `null` without one. */
  readonly expires: string | null;
  /** Whether the certificate is the one that was there before. */
  readonly kept: boolean;
  /** Whether rights and token are on the masters. */
  readonly applied: boolean;
  /** Masters that could not be reached for it. */
  readonly missed: readonly string[];
  readonly token: boolean;
  /** Whether the files in the folder have to be unsealed before they can be used. */
  readonly sealed: boolean;
  /** Whether anything is bound to the user or its groups. */
  readonly rights: boolean;
}

export interface RevokedUser {
  readonly user: string;
  /** Whether rights and token are gone from all masters. */
  readonly applied: boolean;
  /** Masters that could not be reached: a token still opens their API servers. */
  readonly missed: readonly string[];
  /** Folder on this machine with the user's key and kubeconfig, which was deleted; `null` where there was none. */
  readonly deleted: string | null;
  /** Those that stay valid: nobody asks whether a certificate was revoked. */
  readonly certificates: readonly { readonly serial: string; readonly expires: string }[];
  readonly groups: readonly string[];
}

export interface WrittenKubeconfig {
  readonly user: string;
  readonly file: string;
}

/** Who the holder of a kubeconfig is. */
export interface Identity {
  readonly server: string;
  /** As the server says it, else as the certificate does. */
  readonly user: string | null;
  /** Name that the certificate is for; `null` without one. */
  readonly certificate: string | null;
  readonly groups: readonly string[];
  readonly expires: string | null;
  readonly token: boolean;
  /** Of HTTP. */
  readonly status: number;
  /** Where it was asked what the holder may do. */
  readonly namespace: string;
  /** Whether the holder may do there what not everybody may who is known; `null` when the server does not say. */
  readonly rights: boolean | null;
}

export interface RenderedAccess {
  readonly objects: readonly KubeObject[];
}
