/** Times in ms and limits of SSH connections; tests shorten them. */
export interface Tuning {
  /** Before the first new attempt to connect or to open a channel; it doubles, with jitter. */
  readonly retryDelayMs: number;
  /** A silent connection is asked for a sign of life this often, and given up after this many without an answer. */
  readonly keepaliveMs: number;
  readonly keepaliveCount: number;
  /** Commands at once on a connection. sshd allows 10 sessions (MaxSessions) and frees them late. */
  readonly channels: number;
  /** Logins at once through one jump host. */
  readonly loginsThroughJump: number;
  /** How long a closed channel or connection may take to confirm. */
  readonly closeGraceMs: number;
}

export const DEFAULT_TUNING: Tuning = {
  retryDelayMs: 250,
  keepaliveMs: 15_000,
  keepaliveCount: 4,
  channels: 6,
  loginsThroughJump: 8,
  closeGraceMs: 3_000,
};
