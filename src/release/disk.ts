import { BootstrapError } from '../kernel/errors.ts';

/** Turns an error of the file system into one with a code; never returns. */
export function diskFailure(error: unknown): never {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code)) {
    throw new BootstrapError('E_DISK_FULL', `no space left for downloads: ${message}`, {
      hint: 'Make room, or choose another folder under artifacts.cache.',
      cause: error,
    });
  }
  throw new BootstrapError('E_CACHE', `cannot write a download: ${message}`, {
    hint: 'Check the rights of the folder, or choose another one under artifacts.cache.',
    cause: error,
  });
}
