import type { Artifact } from './artifact.ts';
import type { ProxyEnvironment } from './http.ts';

export interface ArtifactStoreOptions {
  /** Absolute; made when needed. Clusters may share it. */
  readonly cacheFolder: string;
  /** Absolute; where the key lies that signs our notes on the cache. Nothing of it comes with an inventory. */
  readonly keyFolder: string;
  /** Base URLs or absolute folders, asked in order before the makers' own addresses. */
  readonly mirrors: readonly string[];
  readonly onlyMirrors: boolean;
  /** The inventory's own checksums: they replace the release's. */
  readonly checksumsFile: string | undefined;
  /** Beside the inventory; need not exist. */
  readonly lockFile: string;
  readonly proxyEnv?: ProxyEnvironment;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** What nobody had pinned was downloaded, and holds from now on. */
  readonly onTrust?: (trusted: Trusted) => void;
  readonly signal?: AbortSignal;
  /** How long a server may say nothing, in ms; default 30 s. */
  readonly idleTimeoutMs?: number;
  /** Delay before a failed request is repeated, in ms; it doubles each time. Default 500. */
  readonly retryDelayMs?: number;
}

export interface DownloadProgress {
  readonly artifact: Artifact;
  readonly bytes: number;
  /** Undefined when the server does not say. */
  readonly total: number | undefined;
  /** Host name of the server, or the folder. */
  readonly from: string;
}

export interface Trusted {
  readonly artifact: Artifact;
  readonly sha256: string;
  /** Address or file, without a password. */
  readonly from: string;
}
