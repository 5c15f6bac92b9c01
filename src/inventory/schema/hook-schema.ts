import * as z from 'zod';
import type { Hook } from '../../kernel/hook.ts';
import { PHASE_IDS } from '../../kernel/phase-ids.ts';

const hook = () =>
  z.strictObject({
    run: z
      .string()
      .regex(/\S/, { error: 'must not be empty' })
      .describe('A command for sh; put no secret in it'),
    on: z
      .union([z.enum(['controller', 'hosts']), z.array(z.string()).min(1)])
      .default('hosts')
      .describe('controller: this machine; hosts: those that the phase changes; or names of hosts'),
    timeoutSeconds: z.int().min(1).max(3600).default(300).describe('After which it has failed'),
  });

const places = () => z.partialRecord(z.enum(['up', ...PHASE_IDS]), z.array(hook())).default({});

/** Commands around a run that changes something, or around its phases. */
export const hooksSchema = () =>
  z.strictObject({
    before: places().describe('By phase, or up for the whole run: what comes first'),
    after: places().describe('By phase, or up for the whole run: what comes last'),
  });

type WrittenHooks = z.output<ReturnType<typeof hooksSchema>>;

export const resolveHooks = (written: WrittenHooks): Hook[] =>
  (['before', 'after'] as const).flatMap((when) =>
    Object.entries(written[when]).flatMap(([of, hooks]) => hooks.map((one) => ({ when, of, ...one }))),
  );
