import Handlebars from 'handlebars';
import { readText } from '../kernel/data.ts';

// In the built program another module with the same export stands in for this one: `build.mjs` has compiled the
// templates, and Handlebars' compiler is left out.

/** A template of `templates/`; nothing is escaped (it makes no HTML), and a missing value is an error, not a blank. */
export const compiled = (path: string): HandlebarsTemplateDelegate =>
  Handlebars.compile(readText(path), { strict: true, noEscape: true });
