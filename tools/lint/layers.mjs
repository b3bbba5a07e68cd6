// The borders between the parts of src/, as data. Whatever is not allowed here is a lint error
// (layer-rule.mjs). To move a border, change this table and say why in an ADR.

/**
 * @typedef {object} Layer
 * @property {string[]} imports  other layers this one may import; `engines` among them means any engine
 * @property {string[] | 'any'} node  Node's own modules it may import
 * @property {string[] | 'any'} packages  npm packages it may import
 * @property {string[]} [files]  files outside src/ it may import, from the repository's root
 * @property {boolean} [isolated]  each folder in it is a world of its own: none imports another
 */

/** @type {Record<string, Layer>} */
export const layers = {
  // Pure data and functions: no I/O, no clock. Hashing is pure.
  domain: { imports: [], node: ['node:crypto'], packages: [] },
  // Interfaces only.
  ports: { imports: ['domain'], node: [], packages: [] },
  app: { imports: ['domain', 'ports'], node: 'any', packages: 'any' },
  // engines/registry.ts names every engine; an engine does not know of another one.
  engines: { imports: ['domain', 'ports'], node: 'any', packages: 'any', isolated: true },
  storage: { imports: ['domain', 'ports'], node: 'any', packages: 'any' },
  staging: { imports: ['domain', 'ports'], node: 'any', packages: 'any' },
  config: { imports: ['domain'], node: 'any', packages: 'any' },
  frontends: { imports: ['app', 'config', 'domain', 'ports'], node: 'any', packages: 'any' },
  // The composition root: only here do all parts meet.
  daemon: {
    imports: ['app', 'config', 'domain', 'engines', 'frontends', 'ports', 'staging', 'storage'],
    node: 'any',
    packages: 'any',
    files: ['package.json'], // for our own version
  },
};
