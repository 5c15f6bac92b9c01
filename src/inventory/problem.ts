import { BootstrapError, ExitCode } from '../kernel/errors.ts';

/** A way into the written document: mapping keys and sequence indices, from the root. */
export type Path = readonly (string | number)[];

/** One thing that is wrong (or doubtful) in an inventory, with its place in the file. */
export interface InventoryProblem {
  /** As a reader would write it: `hosts[1].address`. */
  readonly path: string;
  readonly message: string;
  /** What to do about it, in sentences. */
  readonly hint?: string;
  readonly where: { readonly file: string; readonly line: number; readonly column: number };
}

/** Everything that is wrong with one inventory, in file order. Code `E_INVENTORY`, exit code 2. */
export class InventoryError extends BootstrapError {
  readonly problems: readonly InventoryProblem[];

  constructor(problems: readonly InventoryProblem[]) {
    super('E_INVENTORY', problems.map(formatProblem).join('\n'), {
      exitCode: ExitCode.usage,
      ...(problems[0] && { where: problems[0].where }),
    });
    this.name = 'InventoryError';
    this.problems = problems;
  }
}

/** `inventory.yaml:7:5 hosts[1].adress: unknown key; did you mean address?`, its hint indented below. */
export function formatProblem({ path, message, hint, where }: InventoryProblem): string {
  const place = `${where.file}:${where.line}:${where.column}`;
  return `${place} ${path === '' ? '' : `${path}: `}${message}${hint === undefined ? '' : `\n    ${hint}`}`;
}

/** `['hosts', 1, 'labels', 'a.b/c']` → `hosts[1].labels["a.b/c"]`. */
export function formatPath(path: Path): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      if (!/^[A-Za-z_][\w-]*$/.test(part)) return `[${JSON.stringify(part)}]`;
      return index === 0 ? part : `.${part}`;
    })
    .join('');
}
