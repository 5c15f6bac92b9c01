/** For Zod, of what is parsed once or twice in a run: compiling a validator first pays only when it runs often. */
export const ONCE = { jitless: true } as const;
