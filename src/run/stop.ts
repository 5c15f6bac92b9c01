import { BootstrapError, ExitCode } from '../kernel/errors.ts';

/**
 * Ends a run between two pieces of work when that was asked for.
 * @throws why it ends: E_ABORTED for an interrupt, E_LOCK_LOST
 */
export function stopIfAsked(stop: AbortSignal): void {
  if (!stop.aborted) return;
  throw stop.reason instanceof BootstrapError
    ? stop.reason
    : new BootstrapError('E_ABORTED', 'interrupted; what was running has been finished', {
        exitCode: ExitCode.interrupted,
        hint: 'Run the same command again: it goes on where this run stopped.',
      });
}
