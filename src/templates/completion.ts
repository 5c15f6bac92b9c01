import { readText } from '../kernel/data.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** What a shell has to read to complete words by `k8s-bootstrap __complete`. */
export const completionScript = (shell: Shell): string => readText(`templates/completion/${shell}`);
