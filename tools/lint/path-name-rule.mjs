// Paths are words a reader can guess: kebab-case, and no drawer where anything may be put.
import path from 'node:path';

const drawers = new Set(['utils', 'util', 'helpers', 'helper', 'misc', 'common']);
const kebab = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/**
 * What is wrong with the names in a path, or null.
 * @param {string} file path from the repository's root, with `/`
 * @returns {string | null}
 */
export function pathNameViolation(file) {
  for (const part of file.split('/')) {
    const name = part.split('.')[0] ?? '';
    // `.name` (a dot file) and `__fixtures__`-like names belong to tools, which choose them.
    if (name === '' || name.startsWith('__')) continue;
    if (drawers.has(name)) return `"${name}" says nothing of what is inside; name the noun or the verb`;
    if (!kebab.test(name)) return `"${part}" is not kebab-case`;
  }
  return null;
}

export const pathNameRule = {
  meta: { type: 'problem' },
  /** @param {any} context */
  create(context) {
    return {
      /** @param {any} node */
      Program(node) {
        const file = path.relative(context.cwd, context.filename).split(path.sep).join('/');
        const message = pathNameViolation(file);
        if (message !== null) context.report({ node, message });
      },
    };
  },
};
