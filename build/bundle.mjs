import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import Handlebars from 'handlebars';
import { loadAll } from 'js-yaml';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Packages that are large and seldom wanted: scripts of their own beside the program's, read when they are needed. */
export const APART = ['node-forge', 'undici'];

/**
 * One script of all that `entry` imports, with the data of `addons/`, `pki/`, `release/`, `templates/` and `texts/` in it, but what is apart.
 * Lines and names are kept as they are, for stack traces.
 */
export const bundle = async (entry) => (await bundleWithPackages(entry)).text;

/** The same, and the folders of the packages that are in it. */
export async function bundleWithPackages(entry) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    // Native code that ssh2 does without.
    external: ['*.node', 'cpu-features'],
    metafile: true,
    // V8 forgets who is to serve import() of a script whose code it takes from the cache; require() it keeps.
    supported: { 'dynamic-import': false },
    plugins: [
      { name: 'data', setup: insteadOfFiles },
      { name: 'apart', setup: besideTheProgram },
      { name: 'without-agents', setup: withoutHttpAgents },
    ],
    logLevel: 'warning',
    // A path beside the module means nothing in the one script: data is read by src/kernel/data.ts.
    logOverride: { 'empty-import-meta': 'error' },
  });
  const packages = Object.keys(metafile.inputs).flatMap(
    (path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
  );
  return { text: inAscii(outputFiles[0].text), packages: [...new Set(packages)] };
}

/** One byte a character, which V8 takes as it is. esbuild leaves others only in regular expressions and comments. */
const inAscii = (text) =>
  text.replaceAll(
    /[^\0-\x7f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** The scripts that are apart are found from the program's, and need no node_modules. */
function besideTheProgram({ onResolve }) {
  onResolve({ filter: new RegExp(`^(${APART.join('|')})$`) }, ({ kind, path }) =>
    kind === 'entry-point' ? undefined : { path: `./${path}.cjs`, external: true },
  );
}

/** What ssh2 has for HTTP through a tunnel: nobody here uses it, and it would read Node's HTTP and TLS at every start. */
function withoutHttpAgents({ onLoad }) {
  onLoad({ filter: /[/]ssh2[/]lib[/]http-agents[.]js$/ }, () => ({
    contents: 'module.exports = { SSHTTPAgent: undefined, SSHTTPSAgent: undefined };',
  }));
}

/** Modules that read and compile data when the program runs from its sources, and what they are here. */
function insteadOfFiles({ onLoad }) {
  const replace = (path, contents) =>
    onLoad({ filter: new RegExp(`/src/${path}$`) }, () => ({ contents: contents(), resolveDir: root }));
  replace('kernel/data[.]ts', dataModule);
  replace('templates/compiled[.]ts', templatesModule);
}

function dataModule() {
  const texts = {};
  const documents = {};
  for (const path of [
    'package.json',
    ...['addons', 'pki', 'release', 'templates', 'texts'].flatMap(filesIn),
  ]) {
    texts[path] = readFileSync(join(root, path), 'utf8');
    if (/[.](yaml|json)$/.test(path)) documents[path] = JSON.stringify(loadAll(texts[path]));
  }
  return `
    const texts = ${JSON.stringify(texts)};
    const documents = ${JSON.stringify(documents)};
    const known = (files, path) => {
      if (Object.hasOwn(files, path)) return files[path];
      throw new TypeError('there was no ' + path + ' when this program was built');
    };
    export const readText = (path) => known(texts, path);
    export const readDocuments = (path) => JSON.parse(known(documents, path));
    export const readData = (path) => readDocuments(path)[0];
    export const namesIn = (folder) =>
      Object.keys(texts).filter((path) => path.startsWith(folder + '/')).map((path) => path.slice(folder.length + 1));`;
}

function templatesModule() {
  const specs = filesIn('templates')
    .filter((path) => path.endsWith('.hbs'))
    .map((path) => {
      const source = readFileSync(join(root, path), 'utf8');
      return `${JSON.stringify(path)}: ${Handlebars.precompile(source, { strict: true, noEscape: true })}`;
    });
  return `
    import Handlebars from 'handlebars/runtime.js';
    const specs = {${specs.join(',\n')}};
    export const compiled = (path) => Handlebars.template(specs[path]);`;
}

/** Paths of all files in and below a folder, from the top, sorted. */
const filesIn = (folder) =>
  readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) =>
      entry.isDirectory() ? filesIn(join(folder, entry.name)) : [join(folder, entry.name)],
    )
    .sort();
