// House rules for oxlint; .oxlintrc.json loads this file.
import { layerRule } from './layer-rule.mjs';
import { pathNameRule } from './path-name-rule.mjs';

export default {
  meta: { name: 'konverge' },
  rules: { layers: layerRule, 'path-name': pathNameRule },
};
