import { isIPv4 } from 'node:net';
import * as z from 'zod';
import { type Surroundings, envText } from './fields.ts';

/** An address that one master at a time has, for whoever is not a node. */
export const keepalivedSchema = (surroundings: Surroundings) =>
  z.strictObject({
    vip: envText(surroundings)
      .refine(isIPv4, {
        error: (issue) => `"${String(issue.input)}" is not an IPv4 address`,
      })
      .describe('A free IPv4 address in the network of the masters'),
    interface: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/, {
        error: (issue) => `"${String(issue.input)}" is not the name of an interface`,
      })
      .optional()
      .describe('That carries it on every master; default: that of the host’s own address'),
  });
