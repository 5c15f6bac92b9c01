import { BootstrapError } from '../../kernel/errors.ts';
import { PLAIN_PATH } from '../file.ts';
import type { Step } from '../step.ts';

/**
 * Takes away a file of somebody else; the host keeps it among the originals.
 * @param what it is, for the error when its name is none that a step may carry
 */
export function setAside(path: string, what: string, resource: string): Step {
  if (PLAIN_PATH.test(path)) return { op: 'remove', path };
  throw new BootstrapError('E_PATH', `${what} has no plain name: ${path}`, {
    hint: 'Remove it, or give it a name of letters, digits and . _ @ + : - only.',
    where: { resource },
  });
}
