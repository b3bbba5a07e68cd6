// Keeps the borders of layers.mjs. oxlint's own no-restricted-imports can only forbid what somebody
// thought of; this rule allows what the table names and forbids the rest, also in folders made tomorrow.
import path from 'node:path';
import { layers } from './layers.mjs';

/**
 * Why `file` must not import `specifier`, or null if it may.
 * @param {string} file path from the repository's root, with `/`
 * @param {string} specifier as written in the import
 * @returns {string | null}
 */
export function layerViolation(file, specifier) {
  const from = placeOf(file);
  // Tests may reach for fakes and fixtures anywhere; the code they test may not.
  if (from === null || file.endsWith('.test.ts')) return null;
  // Files directly in src/ are entry points: they start the composition root and hold no logic.
  if (from.layer === null) return null;

  const layer = layers[from.layer];
  if (layer === undefined) return `src/${from.layer} is not in the table of layers (tools/lint/layers.mjs)`;

  if (!specifier.startsWith('.')) return packageViolation(from.layer, layer, specifier);

  const target = path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier));
  const to = placeOf(target);
  if (to === null)
    return layer.files?.includes(target) ? null : `${from.layer} must not import ${target}, outside src/`;
  if (to.layer === null) return `src/${from.layer} must not import an entry point`;
  if (to.layer !== from.layer) {
    if (layer.imports.includes(to.layer)) return null;
    return `${from.layer} must not import ${to.layer}; it may import: ${layer.imports.join(', ') || 'nothing'}`;
  }
  if (layer.isolated && from.folder !== null && to.folder !== from.folder) {
    return `${from.layer}/${from.folder} must not import ${to.folder ? `${to.layer}/${to.folder}` : target}`;
  }
  return null;
}

/**
 * @param {string} name
 * @param {import('./layers.mjs').Layer} layer
 * @param {string} specifier
 */
function packageViolation(name, layer, specifier) {
  const isNode = specifier.startsWith('node:');
  const allowed = isNode ? layer.node : layer.packages;
  if (allowed === 'any' || allowed.includes(specifier)) return null;
  return `${name} must not import ${specifier}; of ${isNode ? 'Node' : 'packages'} it may import: ${allowed.join(', ') || 'nothing'}`;
}

/**
 * The layer, and the folder in it, of a path; null outside src/.
 * @param {string} file
 * @returns {{ layer: string | null, folder: string | null } | null}
 */
function placeOf(file) {
  const parts = file.split('/');
  if (parts[0] !== 'src') return null;
  return {
    layer: parts.length > 2 ? (parts[1] ?? null) : null,
    folder: parts.length > 3 ? (parts[2] ?? null) : null,
  };
}

export const layerRule = {
  meta: { type: 'problem' },
  /** @param {any} context */
  create(context) {
    const file = path.relative(context.cwd, context.filename).split(path.sep).join('/');
    /** @param {any} source */
    const check = (source) => {
      if (source?.type !== 'Literal' || typeof source.value !== 'string') return;
      const message = layerViolation(file, source.value);
      if (message !== null) context.report({ node: source, message });
    };
    return {
      /** @param {any} node */
      ImportDeclaration: (node) => check(node.source),
      /** @param {any} node */
      ImportExpression: (node) => check(node.source),
      /** @param {any} node */
      ExportNamedDeclaration: (node) => check(node.source),
      /** @param {any} node */
      ExportAllDeclaration: (node) => check(node.source),
      // `import('…').Type` in a type position; its source moved between versions of the syntax tree.
      /** @param {any} node */
      TSImportType: (node) => check(node.source ?? node.argument?.literal ?? node.argument),
    };
  },
};
