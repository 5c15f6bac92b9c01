import { existsSync } from 'node:fs';
import { BootstrapError, ExitCode } from './errors.ts';

/** @throws E_FILE_EXISTS */
export function refuseExisting(file: string): void {
  if (!existsSync(file)) return;
  throw new BootstrapError('E_FILE_EXISTS', `${file} is there already`, {
    hint: 'Nothing was changed. Give another name to --out.',
    exitCode: ExitCode.usage,
  });
}
