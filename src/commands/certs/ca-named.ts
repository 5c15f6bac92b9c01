import { didYouMean } from '../../inventory/suggest.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import { CA_IDS, type CaId } from '../../pki/spec.ts';

/**
 * An authority by its name in the trust tree.
 * @throws the given code, exit code 2
 */
export function caNamed(name: string, code: string): CaId {
  const found = CA_IDS.find((id) => id === name);
  if (found) return found;
  throw new BootstrapError(code, `there is no authority "${name}"${didYouMean(name, CA_IDS)}`, {
    hint: `Authorities are ${CA_IDS.join(', ')}.`,
    exitCode: ExitCode.usage,
  });
}
