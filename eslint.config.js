import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'coverage', '.k8s-bootstrap'] },
  js.configs.recommended,
  {
    files: ['src/**/*.ts', 'test/**/*.ts', 'vitest*.config.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "ThrowStatement > NewExpression[callee.name='Error']",
          message: 'throw a BootstrapError with a code and a hint',
        },
        {
          selector: 'ImportExpression[source.value=/^(node:)?fs/]',
          message: 'import what is needed of node:fs by name; removals are in src/kernel/remove.ts',
        },
      ],
      'no-console': 'error',
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [
            ...['node:fs', 'node:fs/promises', 'fs', 'fs/promises'].map((name) => ({
              name,
              importNames: [
                'rm',
                'rmSync',
                'rmdir',
                'rmdirSync',
                'unlink',
                'unlinkSync',
                'promises',
                'default',
              ],
              message: 'remove by src/kernel/remove.ts, which stays inside a folder',
            })),
            {
              name: 'js-yaml',
              importNames: ['load', 'loadAll', 'default'],
              message: 'read by src/kernel/yaml.ts, whose errors do not quote the text',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['src/kernel/remove.ts', 'src/kernel/yaml.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': 'off' },
  },
  {
    files: ['test/**/*.ts', 'vitest*.config.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off', 'no-restricted-exports': 'off' },
  },
  {
    files: ['**/*.{js,cjs,mjs}', 'bin/*'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        module: 'writable',
        URL: 'readonly',
        setTimeout: 'readonly',
        require: 'readonly',
        __dirname: 'readonly',
      },
    },
  },
);
