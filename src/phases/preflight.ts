import type { World } from './phase.ts';

export interface Finding {
  readonly host: string;
  readonly id: string;
  readonly level: 'error' | 'warn' | 'fixed-by-up';
  readonly message: string;
  readonly hint?: string;
}

export const preflight = (_world: World): Finding[] => [];
